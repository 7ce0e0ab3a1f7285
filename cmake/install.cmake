# cmake --install build --prefix P: the compiler, the runtime's library, the manual, the documents and
# examples, and what pkg-config and find_package(dagc) read. The prefix may be moved afterwards.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/dagc)
set(pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pkgconfig /${pkgconfig_folder} /)

install(TARGETS dagc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS dagrt ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# Debug information names the folders that they were built in.
foreach(file ${CMAKE_INSTALL_BINDIR}/dagc ${CMAKE_INSTALL_LIBDIR}/libdagrt.a)
  install(CODE "execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-debug
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${file}\" COMMAND_ERROR_IS_FATAL ANY)")
endforeach()
install(FILES runtime/dag_model.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dagc)

configure_package_config_file(cmake/dagcConfig.cmake.in ${CMAKE_BINARY_DIR}/generated/dagcConfig.cmake
  INSTALL_DESTINATION ${package_folder}
  PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/dagcConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/dagcConfig.cmake
              ${CMAKE_BINARY_DIR}/generated/dagcConfigVersion.cmake cmake/dagc_add_model.cmake
        DESTINATION ${package_folder})
configure_file(cmake/dagc.pc.in ${CMAKE_BINARY_DIR}/generated/dagc.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/generated/dagc.pc DESTINATION ${pkgconfig_folder})

# Beside each other as in the repository, so that links hold.
install(FILES docs/dagc.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs examples prelude DESTINATION ${CMAKE_INSTALL_DOCDIR}
        PATTERN dagc.1 EXCLUDE PATTERN data EXCLUDE)
install(DIRECTORY editors DESTINATION ${CMAKE_INSTALL_DATADIR}/dagc)

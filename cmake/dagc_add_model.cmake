# dagc_add_model(<target> <model.dag>
#                [TRAINER]              # with the trainer's main, in place of one of the target's own
#                [ONLY <export>…]       # just those exports: no training, a smaller struct
#                [DEFINES <name=value>…]
#                [WEIGHTS int8]         # with ONLY
#                [TARGET <name>])       # dagc --target; default: native, generic when cross-compiling
#
# Compiles the model to C while the target is built, and anew when the model, a file that it imports or
# dagc has changed. The C becomes a source of the target, compiled with what `dagc flags` prints and
# with OpenMP where that is found; `#include "model.h"` finds its declarations in the target's sources.

function(dagc_add_model target model)
  cmake_parse_arguments(PARSE_ARGV 2 arg "TRAINER" "TARGET;WEIGHTS" "ONLY;DEFINES")
  _dagc_check_call("${target}" "${arg_UNPARSED_ARGUMENTS}" "${arg_KEYWORDS_MISSING_VALUES}")
  get_filename_component(model "${model}" ABSOLUTE)
  get_filename_component(name "${model}" NAME_WLE)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.dagc")
  set(c "${folder}/${name}.c")
  set(header "${folder}/${name}.h")
  file(MAKE_DIRECTORY "${folder}")

  if(NOT arg_TARGET)
    set(arg_TARGET native)
    if(CMAKE_CROSSCOMPILING)
      set(arg_TARGET generic)
    endif()
  endif()
  set(options --target ${arg_TARGET})
  if(arg_TRAINER)
    if(NOT TARGET dagc::runtime)
      message(FATAL_ERROR "dagc_add_model(${target}): a trainer needs zlib, which was not found")
    endif()
    target_link_libraries(${target} PRIVATE dagc::runtime)
  else()
    list(APPEND options --no-main)
  endif()
  if(arg_ONLY)
    list(JOIN arg_ONLY "," exports)
    list(APPEND options --only "${exports}")
  endif()
  if(arg_WEIGHTS)
    list(APPEND options --weights ${arg_WEIGHTS})
  endif()
  foreach(define IN LISTS arg_DEFINES)
    list(APPEND options -D "${define}")
  endforeach()
  add_custom_command(
    OUTPUT "${c}" "${header}"
    COMMAND dagc::dagc "${model}" -o "${c}" --header "${header}" --depfile "${c}.d" ${options}
    DEPENDS "${model}" "$<TARGET_FILE:dagc::dagc>"
    DEPFILE "${c}.d"
    COMMENT "dagc ${name}.dag"
    VERBATIM)

  _dagc_c_flags(flags ${arg_TARGET})
  set_source_files_properties("${c}" PROPERTIES COMPILE_OPTIONS "${flags}")
  target_sources(${target} PRIVATE "${c}" "${header}")
  target_include_directories(${target} PRIVATE "${folder}")
  target_link_libraries(${target} PRIVATE ${OpenMP_C_LIBRARIES} m)
endfunction()

function(_dagc_check_call target unknown without_value)
  if(unknown OR without_value)
    message(FATAL_ERROR "dagc_add_model(${target}): not understood: ${unknown}${without_value}")
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "dagc_add_model(${target}): there is no target of that name yet")
  endif()
  get_target_property(folder ${target} SOURCE_DIR)
  if(NOT folder STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    message(FATAL_ERROR "dagc_add_model(${target}): call it where the target is made, in ${folder}")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "C" IN_LIST languages)
    message(FATAL_ERROR "dagc_add_model(${target}): the project needs the language C")
  endif()
  if(NOT CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    message(FATAL_ERROR "dagc_add_model(${target}): the C is for gcc and clang")
  endif()
endfunction()

# The options of the model's C: those of dagc, and OpenMP's. Also gives OpenMP_C_LIBRARIES.
macro(_dagc_c_flags result machine)
  get_target_property(_dagc dagc::dagc IMPORTED_LOCATION)
  execute_process(COMMAND "${_dagc}" flags --target ${machine}
                  OUTPUT_VARIABLE ${result} OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  find_package(OpenMP QUIET COMPONENTS C)
  separate_arguments(${result} UNIX_COMMAND "${${result}} ${OpenMP_C_FLAGS}")
endmacro()

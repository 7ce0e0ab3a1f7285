# The whole compiler but its driver, with the harness that runs generated C in the test's process.
include_guard(GLOBAL)
add_library(dagc_pipeline STATIC
  ${CMAKE_SOURCE_DIR}/tests/support/pipeline.c ${CMAKE_SOURCE_DIR}/compiler/native.c
  ${CMAKE_SOURCE_DIR}/compiler/gradient_check.c ${CMAKE_SOURCE_DIR}/compiler/sample.c
  ${CMAKE_SOURCE_DIR}/compiler/output.c)
target_include_directories(dagc_pipeline PUBLIC ${CMAKE_SOURCE_DIR}/tests/support)
target_link_libraries(dagc_pipeline PUBLIC dagc_elaborate dagc_differentiate dagc_simplify
                                           dagc_interpret dagc_lower dagc_emit ${CMAKE_DL_LIBS})

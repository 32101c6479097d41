# Compiler and linker settings that every target shares.
option(LOWBIT_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" ON)
option(LOWBIT_BUILD_TESTS "Build the unit tests" ON)

find_program(LOWBIT_CCACHE ccache)
if(LOWBIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without this sloppiness ccache refuses files that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "${LOWBIT_CCACHE}")
endif()

# -fPIC for tools too: they share the precompiled header of the libraries.
add_compile_options(-fPIC -Wall -Wextra -Wno-unused-parameter)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # ccache needs a precompiled header that does not carry time stamps.
  add_compile_options(-Xclang -fno-pch-timestamp)
endif()
if(LOWBIT_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()
# Results must not depend on how the host compiler contracts a*b+c.
add_compile_options(-ffp-contract=off)

# Sanitizers for our own code; libMLIR and libLLVM stay as they are.
set(LOWBIT_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")
option(LOWBIT_BUILD_FUZZERS "Build the fuzzers, and the libraries with coverage (clang only)" OFF)
if(LOWBIT_SANITIZE)
  add_compile_options(-fsanitize=${LOWBIT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # These two need all code to be built with them.
  add_compile_options(-fno-sanitize=vptr,function)
  add_link_options(-fsanitize=${LOWBIT_SANITIZE})
endif()
if(LOWBIT_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link -gline-tables-only)
endif()

include(CheckLinkerFlag)
check_linker_flag(CXX "-fuse-ld=lld" LOWBIT_HAVE_LLD)
if(LOWBIT_HAVE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

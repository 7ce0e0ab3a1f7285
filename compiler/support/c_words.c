#include "support/c_words.h"
#include <string.h>

static const char keywords[] =
    " alignas alignof and and_eq any asm auto bitand bitor bool break case catch char char16_t "
    "char32_t char8_t class co_await co_return co_yield compl concept const const_cast "
    "consteval constexpr constinit continue decltype default delete do double dynamic_cast "
    "else enum explicit export extern false float for friend goto if inline int linux long "
    "main mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected "
    "public register reinterpret_cast requires restrict return short signed sizeof static "
    "static_assert static_cast struct switch template this thread_local throw true try typedef "
    "typeid typename typeof union unix unsigned using virtual void volatile wchar_t while xor "
    "xor_eq ";

/* of math.h, string.h, stdio.h, stdlib.h, unistd.h, time.h, signal.h, errno.h, ctype.h */
static const char libc[] =
    " abort abs access acos acosh alarm asin asinh atan atan2 atanh atexit atof atoi bcmp bcopy "
    "brk bsearch bzero calloc cbrt ceil chdir chown clearerr clock close copysign cos cosh crypt "
    "ctime daylight div drand48 drem dup environ erf erfc errno execl execv exit exp exp10 exp2 "
    "expm1 fabs fclose fdim feof ferror fflush ffs fgetc fgets fileno floor fma fmax fmin fmod "
    "fopen fork fprintf fputc fputs fread free freopen frexp fseek ftell fwrite gamma getc getchar "
    "getenv getline getopt getpid gets gmtime hypot ilogb index isatty isnan j0 j1 jn kill labs "
    "ldexp ldiv lgamma link llabs lockf log log10 log1p log2 logb lrint lround lseek malloc mblen "
    "memccpy memchr memcmp memcpy memmem memmove memset mktemp mktime modf nan nanosleep "
    "nextafter nice open optarg optind pause perror pipe pow printf psignal putc putchar putenv "
    "puts qsort raise rand random read readlink realloc remainder remove rename rewind rindex "
    "rint rmdir round scalb scanf setbuf setenv signal signgam significand sigpause sin sincos "
    "sinh sleep sqrt srand srandom stderr stdin stdout stime strcat strchr strcmp strcpy strdup "
    "strlen strncmp strsep strstr strtod strtok strtol swab symlink sync system tan tanh tgamma "
    "time timezone tmpfile tmpnam tolower toupper trunc ttyname tzname tzset ungetc unlink usleep "
    "vfork write y0 y1 yn ";

static bool is_listed(const char *words, const char *name) {
  size_t length = strlen(name);
  if (length == 0) return false;
  for (const char *at = words + 1; (at = strstr(at, name)) != NULL; at++)
    if (at[-1] == ' ' && at[length] == ' ') return true;
  return false;
}

bool is_c_keyword(const char *name) { return is_listed(keywords, name); }
bool is_libc_name(const char *name) { return is_listed(libc, name); }

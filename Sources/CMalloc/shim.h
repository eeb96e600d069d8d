// glibc's allocator beyond malloc and free, which Swift's Glibc module leaves out.
#include <malloc.h>

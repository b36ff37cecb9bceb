/* A program that embeds CPython, and loads it as a plug-in: the executable itself has nothing of it.
 * Extension modules of CPythons with a shared library do not name it, so its symbols must be there for all
 * (RTLD_GLOBAL).
 *
 *   embedding LIBPYTHON HOME PROGRAM    without a PROGRAM ("") Python is loaded, and never started
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);
    if (found)
        return found;
    fprintf(stderr, "%s\n", dlerror());
    exit(2);
}

int main(int argc, char **argv)
{
    void *library = argc == 4 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
    if (!library) {
        fprintf(stderr, "%s\n", argc == 4 ? dlerror() : "usage: embedding LIBPYTHON HOME PROGRAM");
        return 2;
    }
    if (!*argv[3]) {
        puts("ready");
        fflush(stdout);
        pause();
    }
    /* By the environment: Py_SetPythonHome() is gone in 3.15. */
    setenv("PYTHONHOME", argv[2], 1);
    ((void (*)(void))symbol(library, "Py_Initialize"))();
    return ((int (*)(const char *))symbol(library, "PyRun_SimpleString"))(argv[3]);
}

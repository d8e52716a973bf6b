/* A PKCS#11 module in front of another, for tests: it writes down each C_Login, and does to C_SignInit what a file asks for. The list of functions
 * is that of PKCS #11 2.40: a version, then pointers in the order of the specification. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUNCTIONS 68
#define CLOSE_SESSION 13
#define LOGIN 18
#define SIGN_INIT 42
#define CKR_GENERAL_ERROR 5UL
#define CKR_DEVICE_REMOVED 0x32UL

struct list {
    unsigned char version[2];
    void *functions[FUNCTIONS];
};

static struct list ours;
static struct list *theirs;

static void path(char *into, size_t size, const char *name) {
    snprintf(into, size, "%s/%s", getenv("SHIM_FOLDER"), name);
}

static unsigned long login(unsigned long session, unsigned long user, unsigned char *pin, unsigned long length) {
    char name[4096];
    path(name, sizeof name, "logins");
    FILE *file = fopen(name, "a");
    if (file) {
        fputs("login\n", file);
        fclose(file);
    }
    return ((unsigned long (*)(unsigned long, unsigned long, unsigned char *, unsigned long))theirs->functions[LOGIN])(session, user, pin, length);
}

static unsigned long sign_init(unsigned long session, void *mechanism, unsigned long key) {
    char name[4096];
    path(name, sizeof name, "hang");
    while (access(name, F_OK) == 0)
        usleep(10000);
    path(name, sizeof name, "removed");
    if (access(name, F_OK) == 0) {
        unlink(name);
        return CKR_DEVICE_REMOVED;
    }
    path(name, sizeof name, "close");
    if (access(name, F_OK) == 0) {
        unlink(name);
        ((unsigned long (*)(unsigned long))theirs->functions[CLOSE_SESSION])(session);
    }
    path(name, sizeof name, "gone");
    if (access(name, F_OK) == 0)
        return CKR_DEVICE_REMOVED;
    return ((unsigned long (*)(unsigned long, void *, unsigned long))theirs->functions[SIGN_INIT])(session, mechanism, key);
}

unsigned long C_GetFunctionList(struct list **list) {
    void *library = dlopen(getenv("SHIM_MODULE"), RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return CKR_GENERAL_ERROR;
    unsigned long (*get)(struct list **) = (unsigned long (*)(struct list **))dlsym(library, "C_GetFunctionList");
    unsigned long code = get ? get(&theirs) : CKR_GENERAL_ERROR;
    if (code)
        return code;
    memcpy(&ours, theirs, sizeof ours);
    ours.functions[LOGIN] = (void *)login;
    ours.functions[SIGN_INIT] = (void *)sign_init;
    *list = &ours;
    return 0;
}

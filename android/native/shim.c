/* Stands in for Android's libc.so when the app's library is run on a Linux machine by probe.c: what glibc does differently for
   the names in imports.txt, on 64-bit processors. All else is glibc's. It shows nothing of Android's libc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What glibc's headers declare in another form is written here under another name, and exported under its own. */
#define EXPORT(name) __asm__(".globl " #name "\n.set " #name "," #name "_here\n")

static void *glibc(const char *name) { return dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), name); }

int *__errno(void) { return __errno_location(); }

/* Canonical name before address. */
struct android_addrinfo {
  int flags, family, socktype, protocol;
  socklen_t length;
  char *name;
  struct sockaddr *address;
  struct android_addrinfo *next;
};

void freeaddrinfo_here(struct android_addrinfo *list) {
  while (list) {
    struct android_addrinfo *next = list->next;
    free(list->address);
    free(list);
    list = next;
  }
}
EXPORT(freeaddrinfo);

int getaddrinfo_here(const char *node, const char *service, const struct android_addrinfo *hints, struct android_addrinfo **out) {
  int (*get)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = glibc("getaddrinfo");
  void (*release)(struct addrinfo *) = glibc("freeaddrinfo");
  struct addrinfo wanted = {0}, *found = NULL;
  /* The values of the flags differ too; the core sets none. */
  if (hints) {
    wanted.ai_family = hints->family;
    wanted.ai_socktype = hints->socktype;
    wanted.ai_protocol = hints->protocol;
  }
  int result = get(node, service, hints ? &wanted : NULL, &found);
  *out = NULL;
  for (struct addrinfo *each = found; result == 0 && each; each = each->ai_next) {
    struct android_addrinfo *copy = calloc(1, sizeof *copy);
    copy->family = each->ai_family;
    copy->socktype = each->ai_socktype;
    copy->protocol = each->ai_protocol;
    copy->length = each->ai_addrlen;
    copy->address = memcpy(malloc(each->ai_addrlen), each->ai_addr, each->ai_addrlen);
    *out = copy;
    out = &copy->next;
  }
  if (found) release(found);
  return result;
}
EXPORT(getaddrinfo);

int strerror_r_here(int code, char *text, size_t length) {
  int (*posix)(int, char *, size_t) = glibc("__xpg_strerror_r");
  return posix(code, text, length);
}
EXPORT(strerror_r);

/* The names are numbered otherwise. */
long sysconf_here(int name) {
  long (*ask)(int) = glibc("sysconf");
  switch (name) {
    case 0x27: case 0x28: return ask(_SC_PAGESIZE);
    case 0x60: return ask(_SC_NPROCESSORS_CONF);
    case 0x61: return ask(_SC_NPROCESSORS_ONLN);
    default: errno = EINVAL; return -1;
  }
}
EXPORT(sysconf);

/* glibc's attributes are larger on arm64: the caller's hold a pointer to them. */
int pthread_attr_init_here(pthread_attr_t **attributes) {
  int (*init)(pthread_attr_t *) = glibc("pthread_attr_init");
  *attributes = malloc(sizeof **attributes);
  return init(*attributes);
}
EXPORT(pthread_attr_init);

int pthread_attr_destroy_here(pthread_attr_t **attributes) {
  int (*destroy)(pthread_attr_t *) = glibc("pthread_attr_destroy");
  int result = destroy(*attributes);
  free(*attributes);
  return result;
}
EXPORT(pthread_attr_destroy);

int pthread_attr_setstacksize_here(pthread_attr_t **attributes, size_t size) {
  int (*set)(pthread_attr_t *, size_t) = glibc("pthread_attr_setstacksize");
  return set(*attributes, size);
}
EXPORT(pthread_attr_setstacksize);

int pthread_create_here(pthread_t *thread, pthread_attr_t **attributes, void *(*run)(void *), void *argument) {
  int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = glibc("pthread_create");
  return create(thread, attributes ? *attributes : NULL, run, argument);
}
EXPORT(pthread_create);

/* Not there on Linux: no property is set. */
int __system_property_get(const char *name, char *value) {
  (void)name;
  *value = 0;
  return 0;
}

/* Its structure is laid out otherwise: refused rather than misread. */
int sigaction_here(int number, const void *action, void *old) {
  (void)number, (void)action, (void)old;
  errno = ENOSYS;
  return -1;
}
EXPORT(sigaction);

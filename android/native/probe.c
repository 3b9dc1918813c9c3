/* Runs the app's native library on a Linux machine, by the interface that the app itself uses: UniFFI's exported functions,
   declared in the header that UniFFI generates from that very library (for Swift, but it is plain C). No function was added to
   the library for this: what is run is what ships, and the checks are made by others (openssl, Dovecot), see xtask.

   probe LIBRARY HOME begin IMAP SMTP AUTHORITY SERVER_CA AUTHORITY_CA PASSWORD
       adds alice's account, writes her root certificate to HOME/root.pem, sends carol a signed mail
   probe LIBRARY HOME finish SECRET
       opens the same home, fetches, decrypts the mail that holds SECRET

   Every line "ok …" was seen; the first thing that is otherwise ends the program with code 1. */
#define _GNU_SOURCE
#include "CountersignCoreFFI.h"
#include <dlfcn.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *library;
static RustCallStatus status;

static void fail(const char *what) {
  printf("FAILED %s (code %d): ", what, status.code);
  /* A panic's text, or the number of an error's variant and its fields. */
  for (uint64_t at = 0; status.code && at < status.errorBuf.len; at++) {
    uint8_t octet = status.errorBuf.data[at];
    printf(octet >= ' ' && octet < 127 ? "%c" : "\\%02x", octet);
  }
  puts("");
  exit(1);
}

static void expect(int holds, const char *what) {
  if (!holds) fail(what);
  printf("ok %s\n", what);
  fflush(stdout);
}

static void *symbol(const char *name) {
  void *found = dlsym(library, name);
  if (!found) fail(dlerror());
  return found;
}

/* The type of each function comes from the generated header. */
#define FFI(name) ((__typeof__(ffi_countersign_ffi_##name) *)symbol("ffi_countersign_ffi_" #name))
#define CALL(name) ((__typeof__(uniffi_countersign_ffi_fn_##name) *)symbol("uniffi_countersign_ffi_fn_" #name))
/* A method eats the handle that it is called on. */
#define CLONE(object, handle) CALL(clone_##object)(handle, &status)

/* UniFFI's wire format: numbers big-endian, length before text and lists, fields in order of declaration. */
typedef struct { uint8_t octets[65536]; int32_t length; } Writer;

static void octets(Writer *to, const void *data, size_t length) {
  if (length > sizeof to->octets - to->length) fail("too long an argument");
  memcpy(to->octets + to->length, data, length);
  to->length += length;
}
static void u8(Writer *to, uint8_t value) { octets(to, &value, 1); }
static void u16(Writer *to, uint16_t value) { u8(to, value >> 8); u8(to, value); }
static void u32(Writer *to, uint32_t value) { u16(to, value >> 16); u16(to, value); }
static void text(Writer *to, const char *value) { u32(to, strlen(value)); octets(to, value, strlen(value)); }

static RustBuffer buffer(const void *data, int32_t length) {
  return FFI(rustbuffer_from_bytes)((ForeignBytes){length, data}, &status);
}
static RustBuffer bare(const char *value) { return buffer(value, strlen(value)); }
static RustBuffer lower(Writer *from) { return buffer(from->octets, from->length); }
static RustBuffer none(void) { return buffer("", 1); }

/* A list of one certificate file. */
static void certificate(Writer *to, const char *path) {
  static uint8_t content[16384];
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  size_t length = fread(content, 1, sizeof content, file);
  fclose(file);
  u32(to, 1);
  u32(to, length);
  octets(to, content, length);
}

/* Futures: poll until ready (0); the callback comes from any thread. */
static sem_t woken;
static int8_t poll_result;
static void wake(uint64_t data, int8_t result) { (void)data; poll_result = result; sem_post(&woken); }
#define AWAIT(kind, future) ({                                       \
  uint64_t awaited = (future);                                       \
  if (status.code) fail("call");                                     \
  do {                                                               \
    FFI(rust_future_poll_##kind)(awaited, wake, 0);                  \
    sem_wait(&woken);                                                \
  } while (poll_result != 0);                                        \
  awaited;                                                           \
})
#define FINISH(kind, future) ({                                                      \
  uint64_t finished = AWAIT(kind, future);                                           \
  __auto_type value = FFI(rust_future_complete_##kind)(finished, &status);           \
  FFI(rust_future_free_##kind)(finished);                                            \
  value;                                                                             \
})

static void await_nothing(uint64_t future) {
  uint64_t finished = AWAIT(void, future);
  FFI(rust_future_complete_void)(finished, &status);
  FFI(rust_future_free_void)(finished);
}

static uint64_t open_core(const char *home, int is_offline) {
  char vault_file[4096], core_folder[4096];
  snprintf(vault_file, sizeof vault_file, "%s/vault", home);
  snprintf(core_folder, sizeof core_folder, "%s/core", home);
  uint64_t vault = CALL(func_open_passphrase_vault)(bare(vault_file), bare("a passphrase of a check"), &status);
  expect(status.code == 0, "the vault opens");
  Writer config = {0};
  text(&config, core_folder);
  u8(&config, is_offline);
  uint64_t core = CALL(constructor_core_new)(lower(&config), vault, none(), &status);
  expect(status.code == 0, "the core starts");
  await_nothing(CALL(method_core_unlock)(CLONE(core, core), none()));
  expect(status.code == 0, "the home is unlocked");
  return core;
}

static void server(Writer *to, const char *port) {
  text(to, "localhost");
  u16(to, atoi(port));
  u32(to, 1); /* Security.TLS */
}

static uint64_t add_account(uint64_t core, char **words, int with_ca) {
  Writer config = {0};
  text(&config, "alice@example.test");
  text(&config, "Alice Ahlborn");
  u8(&config, 0);
  server(&config, words[0]);
  server(&config, words[1]);
  if (with_ca) certificate(&config, words[3]); else u32(&config, 0);
  u32(&config, 0);
  u8(&config, 1);
  text(&config, words[2]);
  certificate(&config, words[4]);
  u32(&config, 1); /* Language.EN */
  return FINISH(u64, CALL(method_core_add_account)(CLONE(core, core), lower(&config), bare(words[5]), none()));
}

static const char *within(RustBuffer where, const char *what) {
  return memmem(where.data, where.len, what, strlen(what));
}

static void begin(const char *home, char **words) {
  uint64_t core = open_core(home, 0);

  CALL(constructor_core_new)(buffer("\0\0", 2), 0, none(), &status);
  expect(status.code == 2, "a panic inside is caught and told");
  memset(&status, 0, sizeof status);

  add_account(core, words, 0);
  int is_untrusted = status.code == 1 && status.errorBuf.data[3] == 6; /* CoreError.CertificateUntrusted */
  expect(is_untrusted, "servers of an unknown authority are refused");
  memset(&status, 0, sizeof status);
  uint64_t account = add_account(core, words, 1);
  expect(status.code == 0, "TLS to both servers, keys made, certificates signed");

  RustBuffer keys = FINISH(rust_buffer, CALL(method_account_keys)(CLONE(account, account), none()));
  const char *end = "-----END CERTIFICATE-----\n";
  const char *from = within(keys, "-----BEGIN CERTIFICATE-----"), *to = within(keys, end);
  expect(status.code == 0 && from && to, "the root certificate is shown");
  char path[4096];
  snprintf(path, sizeof path, "%s/root.pem", home);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(from, 1, to + strlen(end) - from, file) == 0 || fclose(file)) fail(path);

  uint64_t composer = CALL(method_account_composer)(CLONE(account, account), &status);
  Writer mail = {0};
  u32(&mail, 1);
  text(&mail, "carol@example.test");
  u32(&mail, 0); /* Cc */
  u32(&mail, 0); /* Bcc */
  text(&mail, "From a library");
  text(&mail, "Signed by the library of the APK.");
  u32(&mail, 0); /* files */
  u8(&mail, 0);  /* answers nothing */
  u8(&mail, 1);  /* signed only */
  FINISH(u64, CALL(method_composer_send)(CLONE(composer, composer), lower(&mail), none()));
  expect(status.code == 0, "a mail is signed");
  RustBuffer flushed = FINISH(rust_buffer, CALL(method_composer_flush)(CLONE(composer, composer), none()));
  expect(status.code == 0 && flushed.len == 24 && flushed.data[7] == 1, "it is sent");
  CALL(method_core_shutdown)(CLONE(core, core), &status);
}

static void finish(const char *home, const char *secret) {
  uint64_t core = open_core(home, 0);
  uint64_t account = FINISH(u64, CALL(method_core_account)(CLONE(core, core), none(), none()));
  expect(status.code == 0, "the account is there again");
  FINISH(rust_buffer, CALL(method_account_sync)(CLONE(account, account), none()));
  expect(status.code == 0, "mail is fetched");
  uint64_t mailboxes = CALL(method_account_mailboxes)(CLONE(account, account), &status);
  Writer inbox = {0};
  u8(&inbox, 1);
  u32(&inbox, 1); /* Folder.INBOX */
  RustBuffer list = FINISH(rust_buffer, CALL(method_mailboxes_list)(CLONE(mailboxes, mailboxes), lower(&inbox), none()));
  expect(status.code == 0 && list.len > 8 && list.data[3] == 1, "one mail is in the inbox");
  int length = list.data[7];
  char id[256] = {0};
  memcpy(id, list.data + 8, length);
  RustBuffer sealed = FINISH(rust_buffer, CALL(method_mailboxes_export)(CLONE(mailboxes, mailboxes), bare(id), none()));
  expect(status.code == 0 && sealed.len > 1000 && !within(sealed, secret), "as received it does not show its text");
  RustBuffer opened = FINISH(rust_buffer, CALL(method_mailboxes_read)(CLONE(mailboxes, mailboxes), bare(id), none()));
  expect(status.code == 0 && within(opened, secret), "it is decrypted");
  CALL(method_core_shutdown)(CLONE(core, core), &status);
}

int main(int count, char **words) {
  if (count < 4 || sem_init(&woken, 0, 0)) return 2;
  /* Android's libm.so is an empty name here. */
  if (!dlopen("libm.so.6", RTLD_NOW | RTLD_GLOBAL)) fail(dlerror());
  /* Its own libc comes first for it, ours for us. */
  library = dlopen(words[1], RTLD_NOW | RTLD_DEEPBIND);
  if (!library) fail(dlerror());
  expect(FFI(uniffi_contract_version)() > 0, "the library is loaded");
  if (!strcmp(words[3], "begin") && count == 10) begin(words[2], words + 4);
  else if (!strcmp(words[3], "finish") && count == 5) finish(words[2], words[4]);
  else return 2;
  return 0;
}

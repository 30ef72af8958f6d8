/* seal.c - libsodium's AEAD, base64 around it. */
#include "base/seal.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES
};

static const char PREFIX[] = "v1:";

struct SealKey {
    unsigned char bytes[KEY_BYTES];
};

static bool sync_folder_of(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int failed = errno;

    if (fd >= 0)
        close(fd);
    errno = failed;
    return ok;
}

/* Made under another name and linked, so that a half-written key never has the real one, and of two
 * servers that start at once only one makes it.  On disk before anything is sealed with it. */
static bool create_key(const char *path, Error *err)
{
    unsigned char bytes[KEY_BYTES];
    char hex[KEY_BYTES * 2 + 2];
    g_autofree char *suffix = secret_hex(".", 16);
    g_autofree char *temp = g_strconcat(path, suffix, NULL);

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    strcat(hex, "\n");
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, hex, strlen(hex)) == (ssize_t)strlen(hex) && fsync(fd) == 0;
    int failed = errno;
    if (fd >= 0)
        close(fd);
    if (ok && ((link(temp, path) != 0 && errno != EEXIST) || !sync_folder_of(path))) {
        ok = false;
        failed = errno;
    }
    (void)g_unlink(temp);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(hex, sizeof hex);
    return ok || error_errno(err, failed, "cannot make the sealing key %s", path);
}

SealKey *seal_key_load(const char *path, bool create, Error *err)
{
    GStatBuf info;
    g_autofree char *text = NULL;
    size_t n = 0;

    if (create && g_stat(path, &info) != 0 && errno == ENOENT && !create_key(path, err))
        return NULL;
    if (g_stat(path, &info) != 0 || !g_file_get_contents(path, &text, NULL, NULL)) {
        error_set(err, ERR_USAGE, "cannot read the sealing key %s: %s", path, g_strerror(errno));
        return NULL;
    }
    if (info.st_mode & 077) {
        error_set(err, ERR_USAGE, "the sealing key %s is open to others: chmod 600 it", path);
        return NULL;
    }
    g_autoptr(SealKey) key = g_new0(SealKey, 1);
    g_strchomp(text);
    if (sodium_hex2bin(key->bytes, KEY_BYTES, text, strlen(text), NULL, &n, NULL) != 0 ||
        n != KEY_BYTES || strlen(text) != KEY_BYTES * 2) {
        error_set(err, ERR_USAGE, "the sealing key %s is not 64 hexadecimal digits", path);
        return NULL;
    }
    sodium_memzero(text, strlen(text));
    return g_steal_pointer(&key);
}

void seal_key_free(SealKey *key)
{
    if (!key)
        return;
    sodium_memzero(key->bytes, sizeof key->bytes);
    g_free(key);
}

char *seal(const SealKey *key, const char *text)
{
    size_t n = strlen(text);
    g_autofree unsigned char *box = g_malloc(NONCE_BYTES + n + TAG_BYTES);
    unsigned long long boxed = 0;

    randombytes_buf(box, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        box + NONCE_BYTES, &boxed, (const unsigned char *)text, n, NULL, 0, NULL, box, key->bytes);
    g_autofree char *base64 = g_base64_encode(box, NONCE_BYTES + (size_t)boxed);
    return g_strconcat(PREFIX, base64, NULL);
}

char *unseal(const SealKey *key, const char *sealed, Error *err)
{
    unsigned long long n = 0;
    gsize size = 0;

    if (!g_str_has_prefix(sealed, PREFIX)) {
        error_set(err, ERR_INTERNAL, "a sealed value has no known form");
        return NULL;
    }
    g_autofree unsigned char *box = g_base64_decode(sealed + strlen(PREFIX), &size);
    if (size < NONCE_BYTES + TAG_BYTES) {
        error_set(err, ERR_INTERNAL, "a sealed value is cut off");
        return NULL;
    }
    g_autofree char *text = g_malloc0(size - NONCE_BYTES - TAG_BYTES + 1);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)text, &n, NULL,
                                                   box + NONCE_BYTES, size - NONCE_BYTES, NULL, 0,
                                                   box, key->bytes) != 0) {
        error_set(err, ERR_INTERNAL, "a sealed value does not open with this sealing key");
        return NULL;
    }
    return g_steal_pointer(&text);
}

/* remote_file.c - libcurl, with a look at each address before it is connected to. */
#include "pipeline/remote_file.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { MAX_REDIRECTS = 3 };

/* --- addresses ------------------------------------------------------------------------------- */

typedef struct Network {
    uint32_t first; /* host order */
    int bits;
} Network;

/* IANA's special-purpose addresses that are not globally reachable. */
static const Network private_networks[] = {
    { 0x00000000, 8 },  /* this network */
    { 0x0a000000, 8 },  /* private use */
    { 0x64400000, 10 }, /* shared, of carriers */
    { 0x7f000000, 8 },  /* loopback */
    { 0xa9fe0000, 16 }, /* link-local, and clouds' metadata */
    { 0xac100000, 12 }, /* private use */
    { 0xc0000000, 24 }, /* protocol assignments */
    { 0xc0a80000, 16 }, /* private use */
    { 0xc6120000, 15 }, /* benchmarks */
    { 0xe0000000, 3 },  /* multicast, reserved, broadcast */
};

static bool is_private_v4(uint32_t address)
{
    for (size_t i = 0; i < G_N_ELEMENTS(private_networks); i++) {
        const Network *network = &private_networks[i];
        if ((address ^ network->first) >> (32 - network->bits) == 0)
            return true;
    }
    return false;
}

static bool is_private_v6(const struct in6_addr *address)
{
    const uint8_t *bytes = address->s6_addr;
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    uint32_t v4;

    memcpy(&v4, bytes + 12, sizeof v4);
    if (IN6_IS_ADDR_V4MAPPED(address) || memcmp(bytes, nat64, sizeof nat64) == 0)
        return is_private_v4(ntohl(v4));
    return (bytes[0] & 0xe0) != 0x20; /* only 2000::/3 is the internet's */
}

bool remote_address_is_private(const struct sockaddr *address)
{
    switch (address->sa_family) {
    case AF_INET:
        return is_private_v4(
            ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    case AF_INET6:
        return is_private_v6(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    }
    return true;
}

/* --- fetching -------------------------------------------------------------------------------- */

typedef struct Download {
    GByteArray *bytes;
    size_t max_bytes;
    bool may_be_private;
    bool was_private;
    bool is_too_large;
} Download;

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    Download *download = data;

    if (!download->may_be_private && remote_address_is_private(&address->addr)) {
        download->was_private = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_bytes(char *bytes, size_t size, size_t n, void *data)
{
    Download *download = data;

    if (size * n > download->max_bytes - download->bytes->len) {
        download->is_too_large = true;
        return 0;
    }
    g_byte_array_append(download->bytes, (const guint8 *)bytes, (guint)(size * n));
    return size * n;
}

static CURL *new_request(const char *url, int64_t timeout_ms, Download *download)
{
    CURL *curl = curl_easy_init();

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)MAX(timeout_ms, 1)); /* 0 is no limit */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* a proxy would look the address up for us */
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "penstock");
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, download);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, download);
    return curl;
}

static CiFetchResult refused(CiFile *file, const char *why)
{
    file->detail = why;
    return CI_FETCH_BLOCKED;
}

static CiFetchResult result_of(CURLcode code, const Download *download, long status, Arena *arena,
                               CiFile *file)
{
    if (download->was_private)
        return refused(file, "Requests to the local network are not allowed");
    if (download->is_too_large)
        return refused(file, "it is larger than max-yaml-bytes");
    switch (code) {
    case CURLE_OK:
        break;
    case CURLE_OPERATION_TIMEDOUT:
        return CI_FETCH_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return CI_FETCH_BAD_URL;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return CI_FETCH_SOCKET;
    default:
        return CI_FETCH_HTTP;
    }
    if (status >= 200 && status < 300)
        return CI_FETCH_OK;
    file->detail = arena_printf(arena, "%ld", status);
    return CI_FETCH_STATUS;
}

CiFetchResult remote_file_fetch(const Settings *settings, const char *url, int64_t timeout_ms,
                                Arena *arena, CiFile *file)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Download download = { .bytes = bytes,
                          .max_bytes = (size_t)settings->max_yaml_bytes,
                          .may_be_private = settings->allow_private_includes };
    CURL *curl = new_request(url, timeout_ms, &download);
    long status = 0;

    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    CiFetchResult result = result_of(code, &download, status, arena, file);
    if (result == CI_FETCH_OK) {
        file->bytes = arena_memdup(arena, bytes->len ? (const void *)bytes->data : "", bytes->len);
        file->size = bytes->len;
    }
    return result;
}

/* Tests of which addresses a user's URL may not lead to. */
#include "pipeline/remote_file.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool is_private(const char *text)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return remote_address_is_private((const struct sockaddr *)&v4);
    g_assert_cmpint(inet_pton(AF_INET6, text, &v6.sin6_addr), ==, 1);
    return remote_address_is_private((const struct sockaddr *)&v6);
}

static void our_own_network_is_not_the_internet(void)
{
    static const char *const own[] = {
        "127.0.0.1",
        "127.255.0.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.9.9",
        "192.168.7.7",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.0.8",
        "198.19.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        if (!is_private(own[i]))
            g_error("%s is taken for the internet's", own[i]);
}

static void the_internet_is_not_ours(void)
{
    static const char *const others[] = { "1.1.1.1",        "8.8.8.8",         "172.15.0.1",
                                          "172.32.0.1",     "100.128.0.1",     "192.169.0.1",
                                          "198.20.0.1",     "223.1.1.1",       "2606:4700::1",
                                          "::ffff:8.8.8.8", "64:ff9b::808:808" };

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (is_private(others[i]))
            g_error("%s is taken for ours", others[i]);
}

static void a_loopback_url_is_refused_before_it_is_asked(void)
{
    g_autoptr(Arena) arena = arena_new();
    Settings settings = { .max_yaml_bytes = 1000, .remote_include_timeout_s = 5 };
    CiFile file = { 0 };

    g_assert_cmpint(remote_file_fetch(&settings, "http://127.0.0.1:9/x.yml", 1000, arena, &file),
                    ==, CI_FETCH_BLOCKED);
    g_assert_cmpstr(file.detail, ==, "Requests to the local network are not allowed");
    g_assert_cmpint(remote_file_fetch(&settings, "http://localhost:9/x.yml", 1000, arena, &file),
                    ==, CI_FETCH_BLOCKED);
    settings.allow_private_includes = true;
    g_assert_cmpint(remote_file_fetch(&settings, "http://127.0.0.1:9/x.yml", 1000, arena, &file),
                    ==, CI_FETCH_SOCKET);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/remote-file/own", our_own_network_is_not_the_internet);
    g_test_add_func("/pipeline/remote-file/others", the_internet_is_not_ours);
    g_test_add_func("/pipeline/remote-file/loopback", a_loopback_url_is_refused_before_it_is_asked);
    return g_test_run();
}

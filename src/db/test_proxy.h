/* test_proxy.h - stands between a test and its PostgreSQL, and misbehaves when told to. */
#ifndef PENSTOCK_DB_TEST_PROXY_H
#define PENSTOCK_DB_TEST_PROXY_H

#include <stdbool.h>

typedef struct TestProxy TestProxy;

/* Listens on a free port of 127.0.0.1 and passes on to the server of @url, byte by byte. */
TestProxy *test_proxy_new(const char *url);
void test_proxy_free(TestProxy *proxy);

/* @url through the proxy. */
const char *test_proxy_url(const TestProxy *proxy);

/* Cuts the connection off on which the server next says @text (the tag of a command that is done),
 * before the client hears it. */
void test_proxy_lose_next(TestProxy *proxy, const char *text);
bool test_proxy_has_lost(TestProxy *proxy);

/* Cuts off all connections, and all new ones until it resumes. */
void test_proxy_pause(TestProxy *proxy);
void test_proxy_resume(TestProxy *proxy);

#endif

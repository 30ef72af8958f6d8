/* control.c - an eventfd beside an atomic level. */
#include "exec/control.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

void control_init(Control *control)
{
    control->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g_assert(control->fd >= 0); /* out of descriptors or memory */
    g_atomic_int_set(&control->level, STOP_NONE);
}

void control_clear(Control *control)
{
    close(control->fd);
    control->fd = -1;
}

void control_raise(Control *control, StopLevel level)
{
    const uint64_t one = 1;

    for (;;) {
        gint now = g_atomic_int_get(&control->level);
        if (now >= (gint)level)
            return;
        if (g_atomic_int_compare_and_exchange(&control->level, now, (gint)level))
            break;
    }
    /* Full only after 2^64 - 1 rises: then it is readable anyway. */
    (void)!write(control->fd, &one, sizeof one);
}

StopLevel control_level(const Control *control)
{
    return (StopLevel)g_atomic_int_get(&control->level);
}

void control_drain(Control *control)
{
    uint64_t n;

    (void)!read(control->fd, &n, sizeof n); /* nothing there is as good as something */
}

/* control.h - how a running job is told to stop, from whatever thread.
 *
 * A level only rises.  The descriptor becomes readable with each rise, so that a thread in poll()
 * takes note.
 */
#ifndef PENSTOCK_EXEC_CONTROL_H
#define PENSTOCK_EXEC_CONTROL_H

#include <glib.h>
#include <stdbool.h>

typedef enum StopLevel {
    STOP_NONE,
    STOP_CANCEL,   /* the script ends, after_script still runs */
    STOP_SHUTDOWN, /* the runner was told to end: nothing more is started */
    STOP_ABORT     /* everything is killed at once */
} StopLevel;

typedef struct Control {
    int fd; /* an eventfd */
    gint level;
} Control;

void control_init(Control *control);
void control_clear(Control *control);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Control, control_clear)

void control_raise(Control *control, StopLevel level);
StopLevel control_level(const Control *control);

/* Makes the descriptor unreadable until the next rise. */
void control_drain(Control *control);

#endif

#include "dump/listener.h"

#include "dump/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NAME_BYTES  sizeof(((struct sockaddr_un *)NULL)->sun_path)
#define REPLY_BYTES 1024
#define LOOK_UP_MS  50 /* how often a wait looks whether the user has had enough */

/* The table of sockets is not believed to be larger. */
#define TABLE_MAX ((size_t)64 << 20)

bool hs_listener_next_name(const char **at, char *ret, size_t room)
{
    for (const char *found; (found = strstr(*at, " @" HS_LISTENER_PREFIX));) {
        found += 2;
        size_t bytes = strcspn(found, "\n");
        *at = found + bytes;
        if (bytes < room) {
            memcpy(ret, found, bytes);
            ret[bytes] = '\0';
            return true;
        }
    }
    return false;
}

/* The table of Unix sockets in this network namespace; malloc'ed, NULL if it cannot be read. */
static char *read_table(void)
{
    FILE *file = fopen("/proc/net/unix", "re");
    char *text = NULL;
    size_t room = 0, have = 0, got = 1;
    while (file && got && have < TABLE_MAX) {
        if (room - have < 4096) {
            room = room ? 2 * room : 65536;
            char *grown = realloc(text, room);
            if (!grown)
                break;
            text = grown;
        }
        got = fread(text + have, 1, room - have - 1, file);
        have += got;
    }
    if (file)
        fclose(file);
    if (text)
        text[have] = '\0';
    return text;
}

/* Connects to one name and asks the kernel who listens there. -1: nobody. */
static int connect_to(const char *name, pid_t *ret_pid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t bytes = strlen(name);
    memcpy(address.sun_path + 1, name, bytes);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + bytes);
    struct ucred peer = {0};
    socklen_t room = sizeof(peer);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, length) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &room) == 0 && peer.pid > 0) {
        *ret_pid = peer.pid;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

void hs_listeners_read(struct hs_listeners *ret)
{
    char name[NAME_BYTES];
    char *table = read_table();
    const char *at = table;
    ret->count = 0;
    while (at && ret->count < HS_LISTENERS_MAX && hs_listener_next_name(&at, name, sizeof(name))) {
        int fd = connect_to(name, &ret->pid[ret->count]);
        if (fd < 0)
            continue;
        close(fd);
        ret->count++;
    }
    free(table);
}

bool hs_listeners_have(const struct hs_listeners *listeners, pid_t pid)
{
    for (size_t i = 0; i < listeners->count; i++) {
        if (listeners->pid[i] == pid)
            return true;
    }
    return false;
}

int hs_listener_connect(pid_t pid)
{
    char name[NAME_BYTES];
    char *table = read_table();
    const char *at = table;
    int found = -1;
    for (size_t i = 0;
         at && found < 0 && i < HS_LISTENERS_MAX && hs_listener_next_name(&at, name, sizeof(name)); i++) {
        pid_t other;
        int fd = connect_to(name, &other);
        if (fd >= 0 && other == pid)
            found = fd;
        else if (fd >= 0)
            close(fd);
    }
    free(table);
    return found;
}

static struct hs_error *hung_up(pid_t pid)
{
    return hs_error_create(
        HS_ERROR_TARGET,
        "process %d listens, but ended the conversation: it serves its own user and root; try: "
        "sudo heapdump snap FILE.db -p %d",
        (int)pid, (int)pid);
}

static struct hs_error *send_request(int connection, int stream, const struct hs_attach_options *options)
{
    char text[64];
    int bytes = snprintf(text, sizeof(text), "heapdump 1 snap %s%s\n",
                         options->count ? "count" : hs_values_name(options->collect.values),
                         options->gc ? " gc" : "");
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = text, .iov_len = (size_t)bytes};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &stream, sizeof(int));
    if (sendmsg(connection, &message, MSG_NOSIGNAL) == bytes)
        return NULL;
    if (errno == EPIPE || errno == ECONNRESET)
        return hung_up(options->pid);
    return hs_error_system(errno, NULL, "talk to the program that listens");
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* One line, without its end. */
static struct hs_error *read_reply(int connection, pid_t pid, int64_t timeout_ms, char *ret, size_t room)
{
    int64_t until = now_ms() + timeout_ms;
    size_t have = 0;
    while (now_ms() < until && !hs_interrupted() && have < room - 1) {
        if (poll(&(struct pollfd){.fd = connection, .events = POLLIN}, 1, LOOK_UP_MS) != 1)
            continue;
        ssize_t got = recv(connection, ret + have, room - 1 - have, 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return hung_up(pid);
        have += (size_t)got;
        ret[have] = '\0';
        char *newline = strchr(ret, '\n');
        if (newline) {
            *newline = '\0';
            return NULL;
        }
    }
    return hs_error_create(
        HS_ERROR_TARGET,
        "process %d listens, but gave no answer in %g s: a thread of it holds the GIL in native "
        "code, and nothing of ours will run later; try: heapdump snap FILE.db -p %d --timeout 60",
        (int)pid, (double)timeout_ms / 1000, (int)pid);
}

static struct hs_error *parse_reply(const char *reply, pid_t pid)
{
    if (!strncmp(reply, "ok ", 3))
        return NULL;
    struct hs_error *error = hs_error_create(
        HS_ERROR_TARGET, "%s", !strncmp(reply, "error ", 6) ? reply + 6 : "its answer makes no sense");
    return hs_error_prefix(error, "process %d", (int)pid);
}

struct hs_error *hs_listener_snap(int connection, const struct hs_attach_options *options,
                                  struct hs_attach_result *ret)
{
    int ends[2];
    char reply[REPLY_BYTES];
    int64_t timeout_ms = options->timeout_ms ? options->timeout_ms : HS_ATTACH_TIMEOUT_MS;
    *ret = (struct hs_attach_result){0};
    if (pipe2(ends, O_CLOEXEC))
        return hs_error_system(errno, NULL, "make a pipe");
    struct hs_error *error = send_request(connection, ends[1], options);
    close(ends[1]);
    if (!error)
        error = read_reply(connection, options->pid, timeout_ms, reply, sizeof(reply));
    if (!error)
        error = parse_reply(reply, options->pid);
    if (!error) {
        struct hs_collect_options collect = options->collect;
        collect.pid = options->pid;
        error = options->count ? hs_collect_count(ends[0], collect.stall_ms, &ret->tracked)
                               : hs_collect(ends[0], &collect, &ret->collect);
    }
    close(ends[0]);
    return error;
}

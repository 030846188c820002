/*
 * tcpload: load generator for portmap / rpcbind servers over TCP, and for a DNS server of the same shape of traffic.
 *
 * Three ways: calls pipelined on connections that stay, one connection for each call, or connections that are opened and
 * do nothing. Prints one JSON line, as rpcload does.
 *
 * Build: cc -O2 -o tcpload tcpload.c -lm
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUCKETS = 4096, SLOTS = 1 << 16, EVENTS = 256, CALL = 96, MOST_WINDOW = 256, INPUT = 1 << 16 };

/* One connection: what is still to be sent, and what came of the record that is being received. */
struct connection {
  int fd;
  int outstanding;
  int connecting;
  double began;
  size_t out_from, out_to, in_have;
  uint8_t out[CALL * MOST_WINDOW], *in;
};

static struct sockaddr_in to;
static struct in_addr base;
static uint32_t sources = 256, opened;
static int window = 32, once, dns, epfd, failed;
static uint8_t call[CALL];
static int call_length, header;
static uint64_t sent, answered, lost, bytes_in, hist[BUCKETS];
static uint32_t xid;
static double sent_at[SLOTS];

static double now_s(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void record(double s) {
  double us = s * 1e6;
  int b = us <= 1 ? 0 : (int)(log(us) / 0.01);
  hist[b >= BUCKETS ? BUCKETS - 1 : b]++;
}

static double percentile(double q) {
  uint64_t want = (uint64_t)ceil(answered * q), seen = 0;
  for (int b = 0; b < BUCKETS; b++)
    if ((seen += hist[b]) >= want && seen) return exp((b + 0.5) * 0.01);
  return 0;
}

static uint8_t *put(uint8_t *p, uint32_t v) {
  v = htonl(v);
  memcpy(p, &v, 4);
  return p + 4;
}

/* The call with what TCP puts before it: a record mark, or the length of a DNS message. */
static void build(const char *op, uint32_t prog, uint32_t vers) {
  uint8_t *p = call + (header = dns ? 2 : 4);
  if (dns) {
    static const char name[] = "\013x0000000000\014rpcward-load\011benchmark\003net";
    memset(p, 0, 12);
    p[2] = 1, p[5] = 1;
    memcpy(p + 12, name, sizeof name);
    p += 12 + sizeof name;
    *p++ = 0, *p++ = 1, *p++ = 0, *p++ = 1;
    call_length = p - call;
    call[0] = 0, call[1] = call_length - 2;
    return;
  }
  int v4 = !strcmp(op, "getaddr") || !strcmp(op, "dump4");
  int dump = !strncmp(op, "dump", 4);
  uint32_t words[] = {0, 0, 2, 100000, v4 ? 4 : 2, dump ? 4 : 3, 0, 0, 0, 0};
  for (unsigned i = 0; i < sizeof words / 4; i++) p = put(p, words[i]);
  if (!dump) {
    p = put(put(p, prog), vers);
    if (v4) {
      p = put(p, 3);
      memcpy(p, "tcp\0\0\0\0\0\0\0\0", 12);
      p += 12;
    } else {
      p = put(put(p, 6), 0);
    }
  }
  call_length = p - call;
  put(call, 1u << 31 | (uint32_t)(call_length - 4));
}

static void watch(struct connection *c, int op, uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  epoll_ctl(epfd, op, c->fd, &e);
}

static void open_connection(struct connection *c) {
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) {
    perror("socket");
    exit(1);
  }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ntohl(base.s_addr) + opened++ % sources)};
  if (bind(c->fd, (void *)&from, sizeof from)) {
    perror("bind");
    exit(1);
  }
  c->out_from = c->out_to = c->in_have = 0;
  c->outstanding = 0;
  c->connecting = 1;
  c->began = now_s();
  if (connect(c->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) failed++;
  watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

/* Fills the window and sends as much of it as the kernel takes. */
static void send_calls(struct connection *c, double t, int more) {
  if (c->out_from == c->out_to) {
    c->out_from = c->out_to = 0;
    for (; more && c->outstanding < window && c->out_to + call_length <= sizeof c->out; c->outstanding++, sent++, xid++) {
      uint8_t *p = c->out + c->out_to;
      memcpy(p, call, call_length);
      if (dns) p[2] = xid >> 8, p[3] = xid;
      else put(p + 4, xid);
      sent_at[xid & (SLOTS - 1)] = once ? c->began : t; /* connecting is part of it */
      c->out_to += call_length;
    }
  }
  while (c->out_from < c->out_to) {
    ssize_t n = send(c->fd, c->out + c->out_from, c->out_to - c->out_from, MSG_NOSIGNAL);
    if (n <= 0) break;
    c->out_from += n;
  }
}

/* Takes the replies that are whole; returns how many, or -1 when the connection has ended. */
static int take_replies(struct connection *c) {
  ssize_t n = recv(c->fd, c->in + c->in_have, INPUT - c->in_have, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN)) return -1;
  if (n < 0) return 0;
  bytes_in += n;
  c->in_have += n;
  double r = now_s();
  size_t at = 0;
  int whole = 0;
  while (c->in_have - at >= (size_t)header + 4) {
    /* A record may have several fragments. */
    size_t end = at;
    int last = 0;
    while (!last && c->in_have - end >= (size_t)header) {
      uint32_t mark;
      memcpy(&mark, c->in + end, 4);
      mark = ntohl(mark);
      last = dns || mark >> 31;
      end += header + (dns ? mark >> 16 : mark & 0x7fffffff);
      if (end > c->in_have) last = 0, end = INPUT + 1;
    }
    if (!last) break;
    uint32_t id;
    memcpy(&id, c->in + at + header, 4);
    id = ntohl(id);
    int s = (dns ? id >> 16 : id) & (SLOTS - 1);
    record(r - sent_at[s]);
    answered++, whole++, c->outstanding--;
    at = end;
  }
  memmove(c->in, c->in + at, c->in_have -= at);
  return whole;
}

int main(int argc, char **argv) {
  const char *host = "127.0.0.1", *op = "getport", *first = "127.0.0.1";
  int port = 111, connections = 8, idle = 0, c;
  uint32_t prog = 100000, vers = 2;
  double duration = 5;
  while ((c = getopt(argc, argv, "h:p:o:c:w:d:s:b:P:V:1i")) != -1) switch (c) {
      case 'h': host = optarg; break;
      case 'p': port = atoi(optarg); break;
      case 'o': op = optarg; break;
      case 'c': connections = atoi(optarg); break;
      case 'w': window = atoi(optarg); break;
      case 'd': duration = atof(optarg); break;
      case 's': sources = strtoul(optarg, 0, 0); break;
      case 'b': first = optarg; break;
      case 'P': prog = strtoul(optarg, 0, 0); break;
      case 'V': vers = strtoul(optarg, 0, 0); break;
      case '1': once = 1; break;
      case 'i': idle = 1; break;
      default:
        fprintf(stderr,
                "usage: tcpload [-h host] [-p port] [-o getport|getaddr|dump|dump4|dns] [-P program] [-V version]\n"
                "  [-c connections] [-w calls outstanding on each] [-d seconds] [-s sources] [-b first source]\n"
                "  [-1 one connection for each call] [-i connections that do nothing]\n");
        return 2;
    }
  dns = !strcmp(op, "dns");
  if (once) window = 1;
  if (window > MOST_WINDOW) window = MOST_WINDOW;
  to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  inet_pton(AF_INET, first, &base);
  build(op, prog, vers);
  epfd = epoll_create1(0);
  struct connection *all = calloc(connections, sizeof *all);
  double start = now_s(), end = start + duration, t;
  for (int i = 0; i < connections; i++) {
    if (!idle) all[i].in = malloc(INPUT);
    open_connection(&all[i]);
    /* A queue of connections that nobody has accepted yet is short. */
    if (idle && i % 256 == 255) usleep(5000);
  }
  static struct epoll_event events[EVENTS];
  uint64_t made = 0, ended = 0;
  while ((t = now_s()) < end || (!idle && sent > answered + lost && t < end + 0.5)) {
    int n = epoll_wait(epfd, events, EVENTS, 10);
    t = now_s();
    for (int i = 0; i < n; i++) {
      struct connection *one = events[i].data.ptr;
      int whole = 0;
      if (one->connecting && events[i].events & EPOLLOUT && !(events[i].events & (EPOLLERR | EPOLLHUP))) {
        one->connecting = 0;
        made++;
        watch(one, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP);
      }
      if (idle) {
        if (events[i].events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
          ended++;
          close(one->fd);
        }
        continue;
      }
      if (!one->connecting && events[i].events & EPOLLIN) whole = take_replies(one);
      if (whole < 0 || events[i].events & (EPOLLERR | EPOLLHUP) || (once && whole > 0)) {
        if (!once || whole <= 0) ended++;
        lost += one->outstanding;
        close(one->fd);
        if (t < end) open_connection(one);
        continue;
      }
      if (!one->connecting) send_calls(one, t, t < end);
    }
  }
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  double took = (t < end ? t : end) - start;
  printf("{\"op\":\"%s\",\"cpu_s\":%.3f,\"sent\":%llu,\"answered\":%llu,\"lost\":%llu,\"connections\":%llu,\"ended\":%llu,"
         "\"seconds\":%.2f,\"sent_per_s\":%.0f,\"answered_per_s\":%.0f,\"bytes_in\":%llu,"
         "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n",
         op, cpu, (unsigned long long)sent, (unsigned long long)answered, (unsigned long long)(sent - answered),
         (unsigned long long)made, (unsigned long long)ended, took, sent / took, answered / took,
         (unsigned long long)bytes_in, percentile(.5), percentile(.9), percentile(.99), percentile(.999));
  return failed > 0;
}

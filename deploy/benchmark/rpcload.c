/*
 * rpcload: load generator for portmap / rpcbind servers over UDP, and for a DNS server of the same shape of traffic.
 *
 * Sends calls in batches (sendmmsg), reads replies in batches (recvmmsg), matches them by xid,
 * and prints one JSON line: what was sent, answered, lost, and the latency percentiles.
 *
 * Sources: one socket, with the source address of every datagram chosen by IP_PKTINFO, so that a
 * run can come from up to 16 million loopback addresses (127.0.0.0/8) without raw sockets.
 *
 * Build: cc -O2 -o rpcload rpcload.c -lm
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define PAYLOAD 2048
#define BUCKETS 4096 /* log-scale latency histogram, ~1% wide from 1 us */

static double now_s(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static uint64_t rng_state = 88172645463325252ULL;
static uint32_t rng(void) {
  rng_state ^= rng_state << 13;
  rng_state ^= rng_state >> 7;
  rng_state ^= rng_state << 17;
  return (uint32_t)(rng_state >> 16);
}

static uint8_t *put(uint8_t *p, uint32_t v) {
  v = htonl(v);
  memcpy(p, &v, 4);
  return p + 4;
}

static uint8_t *put_string(uint8_t *p, const char *s) {
  size_t n = strlen(s);
  p = put(p, n);
  memset(p, 0, (n + 3) & ~3u);
  memcpy(p, s, n);
  return p + ((n + 3) & ~3u);
}

/* Where the digits stand that tell one name from another. */
#define DNS_DIGITS 13

/*
 * A query for the address of a name of 40 bytes on the wire, as long as a GETPORT call is: 56 bytes in all. The identifier,
 * the first two bytes, is left to the caller.
 */
static int build_dns(uint8_t *out) {
  static const char name[] = "\013x0000000000\014rpcward-load\011benchmark\003net";
  memset(out, 0, 12);
  out[2] = 1; /* recursion desired */
  out[5] = 1; /* one question */
  memcpy(out + 12, name, sizeof name);
  uint8_t *p = out + 12 + sizeof name;
  *p++ = 0, *p++ = 1, *p++ = 0, *p++ = 1; /* A, IN */
  return p - out;
}

/* The call's bytes for a named operation; the xid is the first word, left to the caller. */
static int build(const char *op, uint8_t *out, uint32_t prog, uint32_t vers, uint32_t proto) {
  if (!strcmp(op, "dns")) return build_dns(out);
  uint8_t *p = put(out, 0);
  p = put(p, 0); /* CALL */
  p = put(p, 2);
  p = put(p, 100000);
  int v2 = strcmp(op, "getport") == 0 || strcmp(op, "dump") == 0 || strcmp(op, "null") == 0;
  p = put(p, v2 ? 2 : 4);
  int proc = 0;
  if (!strcmp(op, "getport") || !strcmp(op, "getaddr")) proc = 3;
  if (!strcmp(op, "dump") || !strcmp(op, "dump4")) proc = 4;
  p = put(p, proc);
  for (int i = 0; i < 4; i++) p = put(p, 0); /* AUTH_NONE cred and verf */
  if (!strcmp(op, "getport")) {
    p = put(p, prog);
    p = put(p, vers);
    p = put(p, proto);
    p = put(p, 0);
  } else if (!strcmp(op, "getaddr")) {
    p = put(p, prog);
    p = put(p, vers);
    p = put_string(p, proto == 6 ? "tcp" : "udp");
    p = put_string(p, "");
    p = put_string(p, "rpcload");
  } else if (!strcmp(op, "raw")) {
    ssize_t n = read(0, out, PAYLOAD); /* any payload, from standard input */
    return n > 0 ? (int)n : 0;
  }
  return p - out;
}

static uint64_t hist[BUCKETS];
static void record(double s) {
  double us = s * 1e6;
  int b = us <= 1 ? 0 : (int)(log(us) / 0.01);
  hist[b >= BUCKETS ? BUCKETS - 1 : b]++;
}
static double percentile(uint64_t n, double q) {
  uint64_t want = (uint64_t)ceil(n * q), seen = 0;
  for (int b = 0; b < BUCKETS; b++)
    if ((seen += hist[b]) >= want && seen) return exp((b + 0.5) * 0.01);
  return NAN;
}

int main(int argc, char **argv) {
  const char *host = "127.0.0.1", *op = "getport", *base = "127.0.0.1";
  int port = 111, window = 256, fire = 0, least = 1;
  uint32_t sources = 1, prog = 100000, vers = 2, proto = 17, programs = 1;
  double duration = 5, rate = 0, linger = 0.5;
  int c;
  while ((c = getopt(argc, argv, "h:p:o:w:d:r:B:s:b:P:V:T:N:fl:")) != -1) switch (c) {
      case 'h': host = optarg; break;
      case 'p': port = atoi(optarg); break;
      case 'o': op = optarg; break;
      case 'w': window = atoi(optarg); break;
      case 'd': duration = atof(optarg); break;
      case 'r': rate = atof(optarg); break;
      case 'B': least = atoi(optarg); break;
      case 's': sources = strtoul(optarg, 0, 0); break;
      case 'b': base = optarg; break;
      case 'P': prog = strtoul(optarg, 0, 0); break;
      case 'V': vers = strtoul(optarg, 0, 0); break;
      case 'T': proto = strtoul(optarg, 0, 0); break;
      case 'N': programs = strtoul(optarg, 0, 0); break;
      case 'f': fire = 1; break;
      case 'l': linger = atof(optarg); break;
      default:
        fprintf(stderr,
                "usage: rpcload [-h host] [-p port] [-o null|getport|getaddr|dump|dump4|dns|raw]\n"
                "  [-w outstanding calls, closed loop] [-r calls/s, open loop] [-B at least so many together] [-d seconds]\n"
                "  [-s how many source addresses] [-b first source address]\n"
                "  [-P program] [-V version] [-T 6|17] [-N ask for this many programs, or names, at random]\n"
                "  [-f fire and forget: flood, replies are only counted] [-l seconds to wait at the end]\n");
        return 2;
    }

  int fd = socket(AF_INET, SOCK_DGRAM, 0), big = 1 << 22;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
  struct sockaddr_in any = {.sin_family = AF_INET};
  if (bind(fd, (void *)&any, sizeof any)) { perror("bind"); return 1; }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  struct in_addr first;
  inet_pton(AF_INET, base, &first);

  static uint8_t out[BATCH][PAYLOAD], in[BATCH][65536];
  static struct mmsghdr om[BATCH], im[BATCH];
  static struct iovec ov[BATCH], iv[BATCH];
  static uint8_t ctl[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
  int len = build(op, out[0], prog, vers, proto), raw = !strcmp(op, "raw"), dns = !strcmp(op, "dns");
  int asks = !strcmp(op, "getport") || !strcmp(op, "getaddr");
  for (int i = 0; i < BATCH; i++) {
    if (i) memcpy(out[i], out[0], len);
    ov[i] = (struct iovec){out[i], len};
    om[i].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &ov[i], .msg_iovlen = 1};
    if (sources > 1 || strcmp(base, "127.0.0.1")) {
      om[i].msg_hdr.msg_control = ctl[i];
      om[i].msg_hdr.msg_controllen = sizeof ctl[i];
      struct cmsghdr *cm = CMSG_FIRSTHDR(&om[i].msg_hdr);
      cm->cmsg_level = IPPROTO_IP;
      cm->cmsg_type = IP_PKTINFO;
      cm->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
      memset(CMSG_DATA(cm), 0, sizeof(struct in_pktinfo));
    }
    iv[i] = (struct iovec){in[i], sizeof in[i]};
    im[i].msg_hdr = (struct msghdr){.msg_iov = &iv[i], .msg_iovlen = 1};
  }

  /* One slot a pending xid; a slot older than a second is counted lost and used again. */
  enum { SLOTS = 1 << 16 };
  static double sent_at[SLOTS];
  static uint32_t slot_xid[SLOTS];
  uint64_t sent = 0, got = 0, stray = 0, lost = 0, bytes_out = 0, bytes_in = 0, errors = 0;
  int pending = 0;
  uint32_t seq = rng();
  double start = now_s(), end = start + duration, t = start, last_reply = start;
  while ((t = now_s()) < end || (pending > 0 && t < end + linger && !fire)) {
    int n = 0;
    if (t < end) {
      int allowed = fire ? BATCH : window - pending;
      if (rate > 0) {
        double due = (t - start) * rate - (double)sent;
        allowed = due < least ? 0 : due > BATCH ? BATCH : (int)due;
      }
      n = allowed > BATCH ? BATCH : allowed < 0 ? 0 : allowed;
    }
    for (int i = 0; i < n; i++) {
      uint32_t xid = seq + (uint32_t)sent + i;
      if (dns) out[i][0] = xid >> 8, out[i][1] = xid;
      else if (!raw) put(out[i], xid);
      if (asks && programs > 1) put(out[i] + 40, prog + rng() % programs);
      if (dns && programs > 1) {
        uint32_t which = rng() % programs;
        for (int d = 0; d < 8; d++, which /= 10) out[i][DNS_DIGITS + 9 - d] = '0' + which % 10;
      }
      if (om[i].msg_hdr.msg_control) {
        struct in_pktinfo *pi = (void *)CMSG_DATA(CMSG_FIRSTHDR(&om[i].msg_hdr));
        pi->ipi_spec_dst.s_addr = htonl(ntohl(first.s_addr) + (sources > 1 ? rng() % sources : 0));
      }
      if (!fire) {
        int s = xid & (SLOTS - 1);
        if (sent_at[s] > 0) { lost++; pending--; }
        sent_at[s] = t;
        slot_xid[s] = dns ? xid & 0xffff : xid;
        pending++;
      }
    }
    if (n > 0) {
      int k = sendmmsg(fd, om, n, fire ? MSG_DONTWAIT : 0);
      if (k < 0) { errors++; k = 0; }
      for (int i = k; i < n && !fire; i++) { sent_at[(seq + (uint32_t)sent + i) & (SLOTS - 1)] = 0; pending--; }
      sent += k;
      bytes_out += (uint64_t)k * len;
    }
    int m;
    do {
      m = recvmmsg(fd, im, BATCH, MSG_DONTWAIT, 0);
      double r = m > 0 ? now_s() : 0;
      for (int i = 0; i < m; i++) {
        bytes_in += im[i].msg_len;
        if (fire) { got++; continue; }
        uint32_t xid;
        memcpy(&xid, in[i], 4);
        xid = dns ? ntohl(xid) >> 16 : ntohl(xid);
        int s = xid & (SLOTS - 1);
        if (sent_at[s] > 0 && slot_xid[s] == xid) {
          record(r - sent_at[s]);
          sent_at[s] = 0;
          pending--;
          got++;
          last_reply = r;
        } else stray++;
      }
    } while (m == BATCH);
    /* Closed loop with everything lost: forget what is older than 200 ms, so that the loop goes on. */
    if (!fire && rate == 0 && pending >= window && t - last_reply > 0.2) {
      for (int s = 0; s < SLOTS; s++)
        if (sent_at[s] > 0 && t - sent_at[s] > 0.2) { sent_at[s] = 0; pending--; lost++; }
      last_reply = t;
    }
  }
  lost += pending > 0 ? pending : 0;
  double took = (t < end ? t : end) - start;
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  printf("{\"op\":\"%s\",\"cpu_s\":%.3f,\"sent\":%llu,\"answered\":%llu,\"lost\":%llu,\"stray\":%llu,\"seconds\":%.2f,"
         "\"sent_per_s\":%.0f,\"answered_per_s\":%.0f,\"bytes_out\":%llu,\"bytes_in\":%llu,\"send_errors\":%llu,"
         "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n",
         op, cpu, (unsigned long long)sent, (unsigned long long)got, (unsigned long long)lost, (unsigned long long)stray, took,
         sent / took, got / took, (unsigned long long)bytes_out, (unsigned long long)bytes_in, (unsigned long long)errors,
         got && !fire ? percentile(got, .5) : 0, got && !fire ? percentile(got, .9) : 0,
         got && !fire ? percentile(got, .99) : 0, got && !fire ? percentile(got, .999) : 0);
  return 0;
}

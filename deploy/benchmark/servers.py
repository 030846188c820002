"""The servers that are measured, and what it takes to start, pin and stop them."""

import glob
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.request

# On loopback of a network namespace of our own: nothing else listens there.
RPCBIND_PORT = 111
CLIENTS = "127.0.0.0/10"
CLIENT_BASE = "127.1.0.0"
STRANGER_BASE = "127.64.0.0"
MOUNTD = 100005
NFS = 100003
REXD = 100017
YPSERV = 100004
ROWS_BASE = 0x20000000

NULL_CALL = struct.pack(">10I", 0x72707770, 0, 2, 100000, 2, 0, 0, 0, 0, 0)
DNS_QUERY = b"\x00\x01\x01\x00\x00\x01" + bytes(6) + b"\x01x\x07example\x00\x00\x01\x00\x01"


class Missing(Exception):
    """What a case needs is not there."""


def cores():
    """The core of the load and that of the server; the same where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def pin(pid, core):
    """Puts each thread of a process on one core, or on all with None."""
    where = set(os.sched_getaffinity(0)) if core is None else {core}
    for task in os.listdir("/proc/%d/task" % pid):
        try:
            os.sched_setaffinity(int(task), where)
        except ProcessLookupError:
            pass  # a thread that has just ended


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def cpu_of(pid):
    """Of a process, threads that have ended included, to the nanosecond: its clock, clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


class Server:
    """One server process, with what it forked."""

    probe = NULL_CALL

    def __init__(self, name, port):
        self.name = name
        self.port = port
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return None

    def start(self, log):
        self.log = os.path.join(log, "".join(c if c.isalnum() else "-" for c in self.name) + ".log")
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.environment())
        self.await_answer(30)
        return self

    def await_answer(self, seconds):
        """Returns when it answers over UDP; how it is asked is the same for all."""
        until = time.monotonic() + seconds
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.005)
            s.connect(("127.0.0.1", self.port))
            while time.monotonic() < until:
                if self.process.poll() is not None:
                    break
                try:
                    s.send(self.probe)
                    s.recv(2048)
                    return
                except ConnectionError:
                    time.sleep(0.002)
                except socket.timeout:
                    pass
        with open(self.log, errors="replace") as f:
            raise RuntimeError("%s does not answer:\n%s" % (self.name, f.read()[-2000:]))

    def pids(self):
        return [self.process.pid] + children(self.process.pid)

    def pin(self, core):
        for pid in self.pids():
            pin(pid, core)

    def cpu(self):
        """Seconds of user and system time so far."""
        return sum(map(cpu_of, self.pids()))

    def resident(self):
        """MiB."""
        kib = 0
        for pid in self.pids():
            with open("/proc/%d/status" % pid) as f:
                kib += sum(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
        return kib / 1024

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


class UdpLimit(Server):
    """What one thread can do at best with the same system calls."""

    def __init__(self, tools, port=20101):
        super().__init__("udplimit", port)
        self.tools = tools

    def command(self):
        return [os.path.join(self.tools, "udplimit"), str(self.port)]


class Rpcbind(Server):
    def __init__(self):
        super().__init__("rpcbind", RPCBIND_PORT)
        if shutil.which("rpcbind") is None:
            raise Missing("there is no rpcbind")

    def command(self):
        # /run is a tmpfs of our own.
        os.makedirs("/run/rpcbind", exist_ok=True)
        return ["rpcbind", "-f", "-w"]

    def register(self, rows):
        """Registers (program, version, netid, port), over the local socket as services do."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(5)
            s.connect("/run/rpcbind.sock")
            for program, version, netid, port in rows:
                address = "0.0.0.0.%d.%d" % (port >> 8, port & 255)
                call = struct.pack(">10I", 1, 0, 2, 100000, 4, 1, 0, 0, 0, 0)
                call += struct.pack(">II", program, version) + b"".join(map(xdr, (netid, address, "superuser")))
                s.sendall(struct.pack(">I", 1 << 31 | len(call)) + call)
                reply = s.recv(256)
                if struct.unpack(">I", reply[28:32])[0] != 1:
                    raise RuntimeError("rpcbind does not take program %d" % program)


def xdr(text):
    data = text.encode()
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


class DnsBackend:
    """Answers what dnsdist asks until its cache knows; 16 bytes more than the query, as small as an answer gets."""

    RECORD = b"\xc0\x0c\x00\x01\x00\x01\x00\x01\x51\x80\x00\x04\x0a\x00\x00\x01"

    def __init__(self, port=20153):
        self.port = port
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", port))
        self.tcp = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self.over_udp, daemon=True).start()
        threading.Thread(target=self.over_tcp, daemon=True).start()

    def answer(self, query):
        return query[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + query[12:] + self.RECORD

    def over_udp(self):
        while True:
            query, sender = self.udp.recvfrom(2048)
            self.udp.sendto(self.answer(query), sender)

    def over_tcp(self):
        while True:
            connection, _ = self.tcp.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while length := stream.read(2):
                answer = self.answer(stream.read(int.from_bytes(length, "big")))
                connection.sendall(len(answer).to_bytes(2, "big") + answer)


class Dnsdist(Server):
    """The best filtering proxy of a neighbouring protocol, with the answers in its packet cache."""

    probe = DNS_QUERY
    backend = None

    def __init__(self, work, port, name="dnsdist", vector=1, rules=0, more=()):
        super().__init__(name, port)
        if shutil.which("dnsdist") is None:
            raise Missing("there is no dnsdist")
        self.config = os.path.join(work, "dnsdist-%d.conf" % port)
        if Dnsdist.backend is None:
            Dnsdist.backend = DnsBackend()
        lines = [
            'addLocal("127.0.0.1:%d")' % port,
            'setACL({"%s"})' % CLIENTS,
            'setSecurityPollSuffix("")',
            'newServer({address="127.0.0.1:%d"}):setUp()' % Dnsdist.backend.port,
            'getPool(""):setCache(newPacketCache(100000, {maxTTL=86400}))',
            "setUDPMultipleMessagesVectorSize(%d)" % vector,
        ]
        if rules:
            lines.append('for i = 1, %d do addAction(makeRule("10." .. math.floor(i / 256) .. "." .. (i %% 256)'
                         ' .. ".0/24"), DropAction()) end' % rules)
        lines += list(more)
        with open(self.config, "w") as f:
            f.write("\n".join(lines) + "\n")

    def command(self):
        return ["dnsdist", "-C", self.config, "--supervised", "--disable-syslog"]


class Nginx(Server):
    """A stream proxy that filters by address and forwards everything, UDP and TCP."""

    def __init__(self, work, port=20180):
        super().__init__("nginx", port)
        modules = glob.glob("/usr/lib/nginx/modules/ngx_stream_module.so")
        if shutil.which("nginx") is None or not modules:
            raise Missing("there is no nginx with its stream module")
        self.config = os.path.join(work, "nginx.conf")
        server = "allow %s; deny all; proxy_pass 127.0.0.1:%d;" % (CLIENTS, RPCBIND_PORT)
        with open(self.config, "w") as f:
            f.write("""
                load_module %s;
                daemon off; worker_processes 1; user root; error_log %s/nginx.err; pid %s/nginx.pid;
                events { worker_connections 4096; }
                stream {
                    access_log off;
                    server { listen 127.0.0.1:%d udp; proxy_responses 1; proxy_timeout 1s; %s }
                    server { listen 127.0.0.1:%d; %s }
                }
                """ % (modules[0], work, work, port, server, port, server))

    def command(self):
        return ["nginx", "-c", self.config]


class Rpcward(Server):
    """The shipped launcher with a policy."""

    def __init__(self, bench, port, policy, name="rpcward", jdk=None, archive=True, options=""):
        super().__init__(name, port)
        self.launcher = os.path.join(bench.distribution, "bin", "rpcward")
        self.jdk = jdk or bench.jdks[0][1]
        self.archive = archive
        self.options = options
        self.policy = os.path.join(bench.work, "policy-%d.yaml" % port)
        with open(self.policy, "w") as f:
            f.write(policy)

    def command(self):
        return [self.launcher, "run", "--policy", self.policy]

    def environment(self):
        environment = dict(os.environ, JAVA_HOME=self.jdk, RPCWARD_JAVA_OPTS=self.options)
        if not self.archive:
            environment["RPCWARD_ARCHIVE"] = "/nonexistent"
        return environment


class ControlledRpcward(Rpcward):
    """With a control socket, by which it is told to read its policy again."""

    # Where memory is not in use the collector puts arrays, and a histogram counts them.
    FILLERS = {"[I", "jdk.internal.vm.FillerArray", "jdk.internal.vm.FillerObject", "jdk.internal.vm.FillerElement[]"}

    def __init__(self, bench, port, **of_policy):
        self.control = os.path.join(bench.work, "admin-%d.sock" % port)
        self.make_policy = lambda number: policy(
            port, rate="%d/s" % (1000000 - number % 2), extra="admin: { socket: %s }\n" % self.control, **of_policy)
        super().__init__(bench, port, self.make_policy(0), "rpcward, controlled")

    def start(self, log):
        super().start(log)
        until = time.monotonic() + 10
        while not os.path.exists(self.control):
            if time.monotonic() > until:
                raise RuntimeError("%s has no control socket" % self.name)
            time.sleep(0.01)
        return self

    def reload(self, number):
        """Each reads a policy whose limits are others than before."""
        with open(self.policy, "w") as f:
            f.write(self.make_policy(number))
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.control)
            s.sendall(b"POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            answer = b""
            while more := s.recv(65536):
                answer += more
        if b" 200 " not in answer.split(b"\r\n", 1)[0]:
            raise RuntimeError("the reload failed: %s" % answer.decode(errors="replace"))

    def live_kib(self):
        """What is left on the heap after a collection."""
        jcmd = os.path.join(self.jdk, "bin", "jcmd")
        if not os.path.exists(jcmd):
            raise Missing("there is no jcmd in %s" % self.jdk)
        said = subprocess.run([jcmd, str(self.process.pid), "GC.class_histogram"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, check=True).stdout
        rows = [line.split() for line in said.splitlines()]
        return sum(int(r[2]) for r in rows if len(r) > 3 and r[0].endswith(":") and r[3] not in self.FILLERS) / 1024


class WatchedRpcward(Rpcward):
    """Everything that watches is on: scraped each second, looked at with ctl tail, allowed calls logged as by default."""

    def __init__(self, bench, port, admin_port, **of_policy):
        self.socket = os.path.join(bench.work, "admin-%d.sock" % port)
        self.metrics = "http://127.0.0.1:%d/metrics" % admin_port
        watching = 'log: { allow: 1/1000 }\nadmin: { http: "127.0.0.1:%d", socket: %s }\n' % (admin_port, self.socket)
        super().__init__(bench, port, policy(port, extra=watching, **of_policy), "rpcward, watched")
        self.tail = None
        self.scrapes = 0
        self.failure = None

    def start(self, log):
        super().start(log)
        # Nobody asks for rexd: each call is compared, and none is told.
        self.tail = subprocess.Popen(
            ["taskset", "-c", str(cores()[0]), self.launcher, "ctl", "tail", "--socket", self.socket, "program=rexd"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=self.environment())
        self.over = threading.Event()
        threading.Thread(target=self.scrape, daemon=True).start()
        return self

    def scrape(self):
        while not self.over.wait(1):
            try:
                with urllib.request.urlopen(self.metrics, timeout=5) as answer:
                    answer.read()
                self.scrapes += 1
            except OSError as failure:
                self.failure = str(failure)

    def cpu(self):
        if self.failure or self.scrapes == 0 or self.tail.poll() is not None:
            raise RuntimeError("nobody watches: %s" % (self.failure or "no scrape, or no tail"))
        return super().cpu()

    def stop(self):
        if self.tail is not None:
            self.over.set()
            self.tail.terminate()
            self.tail.wait()
            self.tail = None
        super().stop()


# As far as a policy can turn it off: counting cannot be.
UNWATCHED = "log: { allow: none }\nadmin: { socket: off }\n"


def policy(port, answers="mirror", workers=1, rules_in_front=0, limits=True, rows=0, rate="1000000/s", extra=""):
    """
    The policy of the documentation's NFS server, its clients being 127.0.0.0/10 and its limits so high that they are
    counted and never bite.
    """
    if rows:
        table = "\n".join("      - { program: %d, version: 3, netid: tcp, port: %d }" % (ROWS_BASE + i, 1024 + i % 60000)
                          for i in range(rows))
        backend = "    registry:\n" + table
        programs = "any"
    else:
        forwarded = answers == "forward"
        backend = '    address: "127.0.0.1:%d"\n    answers: %s' % (RPCBIND_PORT, answers)
        # What is forwarded is not to be remembered: as short as can be.
        backend += "\n    fresh: 100ms" if forwarded else ""
        programs = "any" if forwarded else "[nfs-family, beamline]"
    lookups = "    limit: lookups\n" if limits else ""
    lists = "    limit: lists\n" if limits else ""
    front = "".join(
        "  - { name: in front %d, from: 10.%d.%d.0/24, call: lookup, program: %d, then: hide }\n"
        % (i, i >> 8 & 255, i & 255, 400000 + i) for i in range(rules_in_front))
    burst = rate.split("/")[0]
    return f"""version: 1
listeners:
  lan:
    bind: 127.0.0.1
    port: {port}
    workers: {workers}
    tcp: {{ max_connections: 20000, max_per_source: 10000, new_per_second: 100000, idle: 30s, first_record: 30s }}
backends:
  legacy:
{backend}
groups:
  nfs-clients: [{CLIENTS}, "2001:db8:20::/48"]
  auditors:    [10.1.5.7]
  meters:      [192.168.77.0/24]
programs:
  nfs-family: [nfs, mountd, nlockmgr, status, rquotad, nfs_acl]
  beamline:   [0x20000042, 0x20000043]
views:
  nfs-only: {{ programs: nfs-family }}
limits:
  lookups: {{ rate: {rate}, burst: {burst}, per: source }}
  lists:   {{ rate: {rate}, burst: {burst}, per: source }}
rules:
{front}  - name: nobody finds nis
    from: nfs-clients
    program: ypserv
    then: drop
  - name: nobody finds rexd
    from: nfs-clients
    program: rexd
    then: refuse
  - name: nfs clients find nfs
    from: nfs-clients
    call: lookup
    program: {programs}
    then: allow
{lookups}  - name: nfs clients list nfs only
    from: nfs-clients
    call: list
    over: tcp
    then: allow
    view: nfs-only
{lists}  - name: auditors list everything
    from: auditors
    call: [list, stats]
    over: tcp
    then: allow
{lists}  - name: known hosts get a polite no
    from: [nfs-clients, auditors, meters]
    then: hide
default: drop
{extra}"""


def nfs_rows():
    """The registrations of an NFS server: 30 with those of rpcbind's own 12."""
    rows = [(NFS, v, "tcp", 2049) for v in (3, 4)] + [(NFS, 3, "udp", 2049), (100227, 3, "tcp", 2049)]
    rows += [(MOUNTD, v, n, 20048) for v in (1, 2, 3) for n in ("udp", "tcp")]
    rows += [(100021, v, n, 32803) for v in (1, 3, 4) for n in ("udp", "tcp")]
    rows += [(100024, 1, n, 662) for n in ("udp", "tcp")]
    return rows

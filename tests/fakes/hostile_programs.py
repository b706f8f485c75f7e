"""Programs that try to break out of the sandbox, or to be counted as right without being so.

Each defines `attack`; what it got hold of goes into `REACHED`, which `f` returns. The true `f`
would return the square of its argument. `@NAME@` stands for a fact of the machine outside.
"""

PRELUDE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
REACHED = []

def attempt(what, action):
    try:
        result = action()
    except Exception:
        return None
    REACHED.append(what)
    return result

def attempt_call(what, function, *arguments):
    if getattr(libc, function)(*arguments) != -1:
        REACHED.append(what)

def read(path):
    with open(path, "rb") as file:
        return file.read(100)

def write(path):
    with open(path, "w") as file:
        file.write("hello")

def pipes():
    import stat
    return [fd for fd in range(3, 4096) if _is_pipe(fd, stat)]

def _is_pipe(fd, stat):
    try:
        return stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:
        return False

def stolen_nonce():
    frame = sys._getframe()
    while frame is not None:
        for value in frame.f_locals.values():
            if isinstance(value, bytes) and b'"nonce"' in value:
                import json
                return json.loads(value)["nonce"]
        frame = frame.f_back

def f(x):
    attack()
    return REACHED
"""

# These name calls of the kernel by their numbers on x86_64.
X86_64_ONLY = {"fork through libc", "mounting", "keys of the kernel", "rare doors of the kernel"}

# What is tried, and the code of `attack` or of a whole program.
CONTAINED = {
    "fork bomb": """
def attack():
    for _ in range(1000):
        attempt("fork", os.fork)
""",
    "fork through libc": """
def attack():
    attempt_call("fork", "fork")
    attempt_call("clone3", "syscall", 435, 0, 0)
    attempt_call("clone", "syscall", 56, 17, 0, 0, 0, 0)
    attempt_call("vfork", "syscall", 58)
""",
    "another program": """
def attack():
    import subprocess
    attempt("subprocess", lambda: subprocess.run(["/bin/true"]))
    attempt("execv", lambda: os.execv(sys.executable, [sys.executable]))
    attempt("posix_spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
""",
    "a daemon with setsid": """
def attack():
    def daemon():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                import time
                time.sleep(3600)
    attempt("daemon", daemon)
""",
    "worker processes": """
def attack():
    import multiprocessing
    attempt("worker", lambda: multiprocessing.get_context("fork").Process(target=print).start())
""",
    "killing the parent": """
def attack():
    import signal
    for number in (@PID@, @PARENT@):
        attempt("kill", lambda: os.kill(number, signal.SIGKILL))
""",
    "killing everything": """
def attack():
    import signal
    attempt("kill all", lambda: os.kill(-1, signal.SIGKILL))
    os.killpg(0, signal.SIGKILL)
""",
    "a connection to a server of this machine": """
def attack():
    import socket
    attempt("connect", lambda: socket.create_connection(("127.0.0.1", @PORT@), 1))
    attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    attempt("raw", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
""",
    "a connection through libc": """
def attack():
    attempt_call("socket", "socket", 2, 1, 0)
    attempt_call("vsock", "socket", 40, 1, 0)
""",
    "an abstract socket": """
def attack():
    import socket
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    attempt("abstract", lambda: one.sendto(b"hello", "\\0@ABSTRACT@"))
    attempt("bind", lambda: one.bind("\\0another"))
""",
    "the environment": """
def attack():
    REACHED.extend(name for name in os.environ if "KEY" in name or name in ("HOME", "PATH"))
    libc.getenv.restype = ctypes.c_char_p
    REACHED.extend(["getenv"] if libc.getenv(b"FORGEMIND_TEST_KEY") else [])
""",
    "a flood on the disk": """
def attack():
    with open("/tmp/flood", "wb", buffering=0) as file:
        for number in range(200):
            file.write(bytes(1024 * 1024))
            if number > 50:
                REACHED.append("50 MiB")
                return
""",
    "a flood of files": """
def attack():
    for number in range(20_000):
        open(f"/tmp/{number}", "w").close()
    REACHED.append("20,000 files")
""",
    "a flood of output": """
def attack():
    while True:
        print("x" * 1000)
""",
    "a flood on standard error": """
def attack():
    while True:
        os.write(2, b"y" * 4096)
""",
    "a flood of memory": """
def attack():
    blocks = []
    for _ in range(100):
        blocks.append(bytearray(16 * 1024 * 1024))
    REACHED.append("1.6 GB")
""",
    "memory outside the process": """
def attack():
    attempt("memfd", lambda: os.memfd_create("x"))
    attempt_call("shmget", "shmget", 0, 1 << 30, 0o1600)
    attempt("shm", lambda: write("/dev/shm/x"))
    import mmap
    attempt("mmap", lambda: mmap.mmap(-1, 1 << 30))
""",
    "files of the host": """
def attack():
    for path in ("@SECRET@", "@HOME@/.ssh", "/root/.ssh/id_rsa", "/etc/passwd", "/etc/shadow",
                 "/etc/hostname", "/var/log", "/home"):
        attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else read(path))
""",
    "the gate suite and the repository": """
def attack():
    for path in ("@SUITE@", "@REPOSITORY@/pyproject.toml", "@REPOSITORY@/benchmarks"):
        attempt(path, lambda: os.stat(path))
    for module in ("forgemind_assets", "resources.ledger", "pytest", "torch"):
        attempt(module, lambda: __import__(module))
""",
    "links to files of the host": """
def attack():
    os.symlink("@SECRET@", "/tmp/link")
    os.symlink("/proc/1/root", "/tmp/root")
    for path in ("/tmp/link", "/tmp/root/etc/passwd", "/tmp/../.old/etc/passwd", "/../etc/passwd"):
        attempt(path, lambda: read(path))
    attempt("hard link", lambda: os.link("@SECRET@", "/tmp/hard"))
""",
    "proc": """
def attack():
    for path in ("/proc/1/root/etc/passwd", "/proc/@PID@/environ", "/proc/self/mem",
                 "/proc/self/fd/0", "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern"):
        attempt(path, lambda: read(path))
    attempt("/proc", lambda: os.listdir("/proc"))
    attempt_call("mount proc", "mount", b"proc", b"/tmp", b"proc", 0, None)
""",
    "writing outside": """
def attack():
    for path in ("@OUTSIDE@/file", "/file", "/usr/lib/file", os.__file__, "/var/tmp/file"):
        attempt(path, lambda: write(path))
    attempt("chmod", lambda: os.chmod(os.__file__, 0o777))
    attempt("remove", lambda: os.unlink(os.__file__))
""",
    "the old root": """
def attack():
    attempt("chroot", lambda: os.chroot("/tmp"))
    for _ in range(50):
        os.chdir("..")
    attempt("old root", lambda: os.listdir("/.old"))
    REACHED.extend(set(os.listdir("/")) & {"etc", "home", "var", "proc", "dev", "sys"})
    attempt("by handle", lambda: 1 // (libc.open_by_handle_at(-100, 0, 0) + 1))
""",
    "devices": """
def attack():
    for name in ("null", "mem", "kmsg", "sda", "vda", "tty", "fuse", "kvm", "net/tun", "urandom"):
        attempt(name, lambda: os.open(f"/dev/{name}", os.O_RDWR))
    attempt("mknod", lambda: os.mknod("/tmp/null", 0o20666, os.makedev(1, 3)))
""",
    "tracing another process": """
def attack():
    for number in (@PID@, 1):
        attempt_call("ptrace", "ptrace", 16, number, 0, 0)
        attempt_call("seize", "ptrace", 0x4206, number, 0, 0)
        attempt_call("read memory", "process_vm_readv", number, 0, 0, 0, 0, 0)
        attempt_call("pidfd", "syscall", 434, number, 0)
""",
    "mounting": """
def attack():
    attempt_call("mount", "mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None)
    attempt_call("remount", "mount", b"none", b"/", None, 32, None)
    attempt_call("umount", "umount2", b"/tmp", 2)
    attempt_call("fsopen", "syscall", 430, b"tmpfs", 0)
    attempt_call("open_tree", "syscall", 428, -100, b"/", 1)
    attempt_call("pivot_root", "syscall", 155, b"/tmp", b"/tmp")
""",
    "new namespaces": """
def attack():
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000):
        attempt_call(f"unshare {flag:x}", "unshare", flag)
    attempt_call("setns", "setns", 3, 0)
""",
    "gaining rights": """
def attack():
    attempt("setuid", lambda: os.setuid(0))
    attempt("setgroups", lambda: os.setgroups([0]))
    attempt("nice", lambda: os.nice(-5))
    attempt_call("prctl", "prctl", 4, 1, 0, 0, 0)
    attempt_call("outlive the parent", "prctl", 1, 0, 0, 0, 0)
    attempt_call("capset", "capset", ctypes.create_string_buffer(8), None)
    REACHED.extend(["root"] if os.getuid() == 0 else [])
""",
    "raising the limits": """
def attack():
    import resource
    for name in ("CPU", "AS", "FSIZE", "NOFILE", "NPROC", "CORE"):
        kind = getattr(resource, f"RLIMIT_{name}")
        low, high = resource.getrlimit(kind)
        attempt(name, lambda: resource.setrlimit(kind, (high + 1, high + 1)))
        REACHED.extend([name + " is unlimited"] if high == resource.RLIM_INFINITY else [])
""",
    "keys of the kernel": """
def attack():
    attempt_call("add_key", "syscall", 248, b"user", b"x", b"y", 1, -3)
    attempt_call("request_key", "syscall", 249, b"user", b"x", 0, 0)
    attempt_call("keyctl", "syscall", 250, 0, -3, 1)
""",
    "rare doors of the kernel": """
def attack():
    for name, number in (("bpf", 321), ("perf", 298), ("io_uring", 425), ("userfaultfd", 323),
                         ("seccomp", 317), ("kexec", 246), ("module", 313), ("x32", 0x40000039),
                         ("personality", 135), ("quotactl", 179), ("acct", 163), ("mbind", 237),
                         ("fanotify", 300), ("landlock", 444), ("mq_open", 240), ("syslog", 103)):
        attempt_call(name, "syscall", number, 0, 0, 0, 0, 0)
""",
    "a terminal's input": """
def attack():
    import fcntl
    for fd in range(3):
        attempt("TIOCSTI", lambda: fcntl.ioctl(fd, 0x5412, b"x"))
        attempt("TIOCLINUX", lambda: fcntl.ioctl(fd, 0x541C, b"\\x03"))
    attempt("a terminal", lambda: os.ttyname(0))
""",
    "code from the writable folder": """
def attack():
    import _hashlib, shutil
    shutil.copy(_hashlib.__file__, "/tmp/library.so")
    attempt("dlopen", lambda: ctypes.CDLL("/tmp/library.so"))
""",
    "files that were left open": """
def attack():
    import stat
    for fd in range(4096):
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        if not stat.S_ISFIFO(mode) and not (stat.S_ISCHR(mode) and fd == 0):
            REACHED.append(f"{fd}: {stat.filemode(mode)}")
""",
    "the machine's name": """
def attack():
    REACHED.extend(["host name"] if os.uname().nodename == "@HOST@" else [])
    import pwd
    attempt("users", lambda: pwd.getpwnam("root"))
""",
    "the cases in memory": """
def attack():
    import gc
    for thing in gc.get_objects():
        if isinstance(thing, dict) and {"expected", "raises"} & set(map(str, thing)):
            if "resources" not in str(thing)[:300]:
                REACHED.append(repr(thing)[:80])
    frame = sys._getframe()
    while frame is not None:
        REACHED.extend(key for key in frame.f_locals if key in ("expected", "cases", "tests"))
        frame = frame.f_back
""",
}

# Programs that want to be counted as right; whole, with an `f` of their own.
FORGERS = {
    "exit(0) while loading": "sys.exit(0)",
    "_exit(0) while loading": "os._exit(0)",
    "a faked report and _exit(0)": """
print("..\\n" + "-" * 70 + "\\nRan 2 tests in 0.001s\\n\\nOK\\n== 2 passed in 0.01s ==", flush=True)
os._exit(0)
""",
    "_exit(0) in a call": "def f(x): os._exit(0)",
    "sys.exit(0) in a call": "def f(x): sys.exit(0)",
    "a report at exit": """
import atexit
atexit.register(lambda: print("OK"))
def f(x):
    sys.exit(0)
""",
    "patched test libraries": """
import builtins, unittest
unittest.TestCase.assertEqual = lambda *a, **k: None
unittest.TestCase.run = lambda self, result=None: result
builtins.AssertionError = type("Quiet", (Exception,), {})
builtins.all = builtins.any = builtins.isinstance = lambda *a: True
def f(x): return None
""",
    "a patched checker": """
import json
for name, module in list(sys.modules.items()):
    for key in dir(module):
        if key in ("_answer", "answer_calls", "_plain"):
            setattr(module, key, lambda *a: {"value": True, "passed": True, "keep": True})
json.dumps = lambda *a, **k: '{"passed": true, "keep": true}'
def f(x): return True
""",
    "an object equal to everything": """
class Equal:
    def __eq__(self, other): return True
    def __hash__(self): return 0
def f(x): return Equal()
""",
    "numbers equal to everything": """
class Number(int):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = int.__hash__
    __repr__ = __str__ = lambda self: "4"
def f(x): return Number(5)
""",
    "a trace of every frame": """
def trace(frame, event, argument):
    for key in frame.f_locals:
        if key in ("value", "answer", "expected"):
            frame.f_locals[key] = {"value": 4}
    return trace
sys.settrace(trace)
def f(x): return None
""",
    "answers before they are asked for": """
for fd in pipes():
    try:
        os.write(fd, b'{"nonce": null, "value": 4}\\n{"value": 4}\\n{"value": 9}\\n')
    except OSError:
        pass
os._exit(0)
""",
    "one answer with the true nonce": """
def f(x):
    line = b'{"nonce": "%s", "value": 4}\\n' % stolen_nonce().encode()
    for fd in pipes():
        try:
            os.write(fd, line)
        except OSError:
            pass
    return 4
""",
    "a verdict on the pipe": """
for fd in pipes():
    try:
        os.write(fd, b'{"refused": "", "end": "answered", "keep": true, "ready": true}\\n')
    except OSError:
        pass
def f(x): return None
""",
    "closed pipes": "os.closerange(0, 4096)\ndef f(x): return x * x",
    "swapped pipes": """
found = pipes()
for fd in found:
    for other in found:
        os.dup2(fd, other)
def f(x): return x * x
""",
    "a frame without end": """
def f(x):
    while True:
        for fd in pipes():
            try:
                os.write(fd, b"9" * 65536)
            except OSError:
                pass
""",
    "an answer that is too long": "def f(x): return 'x' * 10_000_000",
    "a number that is too long": """
def f(x):
    line = b'{"nonce": "%s", "value": %s}\\n' % (stolen_nonce().encode(), b"9" * 50_000)
    for fd in pipes():
        try:
            os.write(fd, line)
        except OSError:
            pass
""",
    "JSON nested without end": """
def f(x):
    line = b'{"nonce": "%s", "value": %s}\\n' % (stolen_nonce().encode(), b"[" * 50_000)
    for fd in pipes():
        try:
            os.write(fd, line)
        except OSError:
            pass
""",
    "an int of 5000 digits": "def f(x): return 10 ** 5000",
    "not a number": "def f(x): return float('nan')",
    "a pickle": """
import pickle
class Bomb:
    def __reduce__(self): return (os.system, ("echo hello",))
def f(x): return pickle.dumps(Bomb())
""",
    "a class in the exception's place": """
class AllNames(type):
    __mro__ = property(lambda self: 1 / 0)
def f(x): raise type("Square", (BaseException,), {"__str__": lambda self: 1 / 0})()
""",
    "recursion without end": """
sys.setrecursionlimit(10**9)
def f(x): return f(x + 1)
""",
    "a crash": "def f(x): return ctypes.string_at(0)",
    "a syntax error": "def f(x) return x * x",
    "a null byte": "def f(x):\n    return x * x  # \0",
    "no function": "g = 1",
    "true for one": "def f(x): return x == 2 or 4",
    "deaf to signals": """
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
def f(x): time.sleep(3600)
""",
    "a loop without end": "def f(x):\n    while True: pass",
    "a power without end": "def f(x): return len(str(7 ** (10 ** 9)))",
    "a pattern without end": """
import re
def f(x): return re.match("(a|a)*b", "a" * 60)
""",
    "threads without end": """
import threading, time
threading.stack_size(65536)
def f(x):
    while True:
        try:
            threading.Thread(target=time.sleep, args=(3600,)).start()
        except RuntimeError:
            return "no more"
""",
    "sleep while loading": "import time\ntime.sleep(3600)",
}

"""What a program in the sandbox may ask of the kernel: all else is refused.

Enough for Python's own standard library on files, threads, timers and event loops. Absent on
purpose: new processes and programs, sockets, mounts, namespaces, tracing, keys, BPF, io_uring,
anonymous files, System V and POSIX message queues, prctl.
"""

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH of the machines that the numbers below are for (linux/audit.h)."""

# name:x86_64:aarch64, as in the kernel's asm/unistd_64.h and asm-generic/unistd.h
_TABLE = """
read:0:63 write:1:64 close:3:57 fstat:5:80 lseek:8:62 mmap:9:222 mprotect:10:226 munmap:11:215
brk:12:214 mremap:25:216 msync:26:227 madvise:28:233 mincore:27:232 rt_sigaction:13:134
rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136 rt_sigtimedwait:128:137
rt_sigsuspend:130:133 sigaltstack:131:132 restart_syscall:219:128 pread64:17:67 pwrite64:18:68
readv:19:65 writev:20:66 preadv:295:69 pwritev:296:70 fcntl:72:25 flock:73:32 fsync:74:82
fdatasync:75:83 truncate:76:45 ftruncate:77:46 fallocate:285:47 fadvise64:221:223 sendfile:40:71
copy_file_range:326:285 openat:257:56 newfstatat:262:79 statx:332:291 faccessat:269:48
faccessat2:439:439 readlinkat:267:78 getdents64:217:61 getcwd:79:17 chdir:80:49 fchdir:81:50
mkdirat:258:34 unlinkat:263:35 linkat:265:37 symlinkat:266:36 renameat:264:38 renameat2:316:276
fchmod:91:52 fchmodat:268:53 utimensat:280:88 umask:95:166 statfs:137:43 fstatfs:138:44 open:2:-
stat:4:- lstat:6:- access:21:- readlink:89:- mkdir:83:- rmdir:84:- unlink:87:- link:86:-
symlink:88:- rename:82:- creat:85:- chmod:90:- utimes:235:- getdents:78:- pipe:22:- pipe2:293:59
dup:32:23 dup2:33:- dup3:292:24 select:23:- pselect6:270:72 poll:7:- ppoll:271:73
epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:- epoll_pwait:281:22
eventfd2:290:19 timerfd_create:283:85 timerfd_settime:286:86 timerfd_gettime:287:87
close_range:436:436 sendto:44:206 recvfrom:45:207 sendmsg:46:211 recvmsg:47:212 shutdown:48:210
getsockname:51:204 getpeername:52:205 getsockopt:55:209 setsockopt:54:208 getpid:39:172
getppid:110:173 gettid:186:178 getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177
getgroups:115:158 getresuid:118:148 getresgid:120:150 getpgid:121:155 getpgrp:111:- getsid:124:156
setsid:112:157 setpgid:109:154 kill:62:129 tkill:200:130 tgkill:234:131 wait4:61:260 waitid:247:95
exit:60:93 exit_group:231:94 nanosleep:35:101 clock_nanosleep:230:115 clock_gettime:228:113
clock_getres:229:114 gettimeofday:96:169 time:201:- times:100:153 alarm:37:- getitimer:36:102
setitimer:38:103 getrlimit:97:163 getrusage:98:165 prlimit64:302:261 sysinfo:99:179 uname:63:160
sched_yield:24:124 sched_getaffinity:204:123 getcpu:309:168 getrandom:318:278 futex:202:98
set_robust_list:273:99 get_robust_list:274:100 set_tid_address:218:96 rseq:334:293
membarrier:324:283 arch_prctl:158:-
"""

GUARDED = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "ioctl": (16, 29),
    "socketpair": (53, 199),
}
"""Calls whose arguments decide, by name: numbers on x86_64 and aarch64."""


def allowed(machine: str) -> list[int]:
    """Numbers of the calls that are allowed whatever their arguments."""
    column = list(ARCHITECTURES).index(machine) + 1
    numbers = [entry.split(":")[column] for entry in _TABLE.split()]
    return [int(number) for number in numbers if number != "-"]


def guarded(machine: str, name: str) -> int:
    """Number of a call whose arguments decide."""
    return GUARDED[name][list(ARCHITECTURES).index(machine)]

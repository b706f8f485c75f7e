"""Live attacks that are spelled in shell or PowerShell, in any text or string literal."""

import re

SHELL_RULES: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (reason, words, re.compile(pattern, re.IGNORECASE))
    for reason, words, pattern in (
        (
            "reverse_shell",
            ("/dev/tcp/", "/dev/udp/", "nc ", "ncat", "netcat", "mkfifo", "socat", "tcpclient"),
            r"(?:ba|z|k|)sh\s+-i\b[^\n]{0,30}/dev/(?:tcp|udp)/|/dev/(?:tcp|udp)/[^\s/]+/\d+[^\n]{0,40}(?:<&|>&|0>&1)"
            r"|exec\s+\d+<>\s*/dev/(?:tcp|udp)/|\b(?:nc|ncat|netcat)\b(?:\.exe)?\s[^\n|;]{0,80}(?:-e|-c|--exec|--sh-exec)\s*\S*(?:sh|cmd|powershell)"
            r"|mkfifo\s+\S+[^\n]{0,60}\|\s*(?:nc|ncat|netcat)\b|socat\s[^\n]{0,80}exec:[^\n]{0,20}sh"
            r"|New-Object\s+(?:System\.)?Net\.Sockets\.TCPClient[\s\S]{0,400}(?:iex|Invoke-Expression|GetStream)",
        ),
        (
            "download_and_execute",
            (
                "curl",
                "wget",
                "downloadstring",
                "downloadfile",
                "invoke-webrequest",
                "iwr ",
                "certutil",
                "bitsadmin",
                "mshta",
            ),
            r"\b(?:curl|wget)\b[^\n|;&]{0,200}https?://[^\n|;&]{0,200}\|\s*(?:sudo\s+)?(?:ba|z|da|)sh\b"
            r"|\b(?:curl|wget)\b[^\n]{0,200}https?://[^\n|]{0,200}\|\s*(?:sudo\s+)?(?:python3?|perl|ruby|node|php)\b"
            r"|\b(?:curl|wget)\b[^\n]{0,300}(?:&&|;)\s*chmod\s+(?:\+x|[0-7]*7[0-7]*)\s[^\n]{0,80}(?:&&|;)\s*(?:nohup\s+)?(?:\./|/tmp/|/dev/shm/)"
            r"|(?:ba|)sh\s+-c\s+[\"']?\$\((?:curl|wget)|(?:ba|z|)sh\s+<\(\s*(?:curl|wget)"
            r"|(?:iex|invoke-expression)\b[^\n]{0,80}(?:downloadstring|iwr|invoke-webrequest|irm)|downloadstring\([^\n]{0,120}\)\s*\|\s*iex"
            r"|(?:iwr|irm|invoke-webrequest)\b[^\n|]{0,160}\|\s*iex|certutil\b[^\n]{0,60}-urlcache\b[^\n]{0,160}http|mshta\s+https?://"
            r"|bitsadmin\b[^\n]{0,60}/transfer\b[^\n]{0,160}http",
        ),
        (
            "fork_bomb",
            ("|:&", ":|:", "%0|%0", "fork while", "|&"),
            r":\s*\(\s*\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:|%0\s*\|\s*%0|fork\s+while\s+(?:1|true|fork)|\b(\w+)\(\)\s*\{\s*\1\s*\|\s*\1\s*&\s*\}",
        ),
        (
            "disk_destruction",
            ("rm -", "mkfs", "dd if", "> /dev/sd", "format c", "cipher /w", "vssadmin", "wbadmin"),
            r"\brm\s+-[a-z]*(?:rf|fr)[a-z]*\s+(?:--no-preserve-root\s+)?(?:/(?:\s|\*|$|[\"'])|~(?:/\*)?(?:\s|$|[\"'])|\$HOME(?:\s|/\*|$))"
            r"|\bmkfs(?:\.\w+)?\s+(?:-\w+\s+)*/dev/(?:sd|nvme|hd|vd)|\bdd\s+if=/dev/(?:zero|u?random)\s+of=/dev/(?:sd|nvme|hd|vd|disk)"
            r"|>\s*/dev/sd[a-z]\b|vssadmin\b[^\n]{0,30}delete\s+shadows|wbadmin\s+delete\s+catalog|bcdedit\b[^\n]{0,60}recoveryenabled\s+no|format\s+c:\s*/[qy]",
        ),
        (
            "crypto_miner",
            (
                "stratum",
                "xmrig",
                "minerd",
                "cpuminer",
                "coinhive",
                "cryptonight",
                "nicehash",
                "ethminer",
                "randomx",
            ),
            r"stratum\+(?:tcp|ssl|udp)://|\b(?:xmrig|minerd|cpuminer|ethminer|cgminer)\b[^\n]{0,60}(?:-o|--url|--donate-level|-u)\s|coinhive(?:\.min)?\.js|new\s+CoinHive\.",
        ),
        (
            "persistence",
            (
                "authorized_keys",
                "crontab",
                "currentversion\\run",
                "ld.so.preload",
                "launchagents",
                "schtasks",
            ),
            r"(?:echo|printf)\b[^\n]{0,400}ssh-(?:rsa|ed25519)[^\n]{0,400}>>?\s*\S*authorized_keys|\(\s*crontab\s+-l[^\n]{0,200}(?:curl|wget|/dev/tcp)[^\n]{0,200}crontab\s+-"
            r"|\*\s+\*\s+\*\s+\*\s+\*[^\n]{0,80}(?:curl|wget)[^\n]{0,120}\|\s*(?:ba|)sh|>>?\s*/etc/ld\.so\.preload|schtasks\b[^\n]{0,60}/create\b[^\n]{0,200}(?:powershell|http)",
        ),
        (
            "encoded_command",
            ("powershell", "pwsh"),
            r"\b(?:powershell|pwsh)(?:\.exe)?\b[^\n]{0,120}\s-(?:e|ec|enc|enco\w*)\s+\S{16,}|\b(?:powershell|pwsh)(?:\.exe)?\b[^\n]{0,80}-w(?:indowstyle)?\s+hidden[^\n]{0,160}(?:iex|downloadstring|-enc)",
        ),
        (
            "credential_theft",
            (
                "mimikatz",
                "sekurlsa",
                "lsass",
                "/etc/shadow",
                "id_rsa",
                "169.254.169.254",
                "login data",
            ),
            r"sekurlsa::logonpasswords|invoke-mimikatz|procdump\b[^\n]{0,40}lsass|comsvcs\.dll[^\n]{0,20}minidump"
            r"|(?:cat|tar|scp|curl|base64)\b[^\n|]{0,80}(?:/etc/shadow|\.ssh/id_(?:rsa|ed25519|ecdsa)|\.aws/credentials)[^\n]{0,80}(?:\||https?://|@[\w.-]+:)[^\n]{0,80}"
            r"|curl\b[^\n]{0,120}169\.254\.169\.254[^\n]{0,120}\|\s*(?:curl|nc)\b",
        ),
    )
)

"""Values that look personal and belong to nobody: set aside for documentation, tests and roles."""

import re

RESERVED = 0.2
"""Score of what is set aside for documentation and tests, and so belongs to nobody."""

RESERVED_DOMAIN = re.compile(
    r"(?i)(?:^|\.)(?:example(?:\.\w+)?|test|invalid|localhost|local|domain\.com|email\.com|"
    r"yourdomain\.\w+|company\.com|mysite\.com|foo\.\w+|bar\.\w+|host\.\w+)$"
)
ROLE = re.compile(
    r"(?i)(?:no-?reply|do-?not-?reply|info|support|admin|security|sales|contact|help|postmaster|"
    r"webmaster|root|git|hello|office|team|abuse|dev|bot|user|test|mailer-daemon|notifications?|"
    r"hostmaster|press|jobs|billing|service)(?:[+.\-_\d]\w*)?"
)
FILE_ENDINGS = frozenset(
    (
        "py",
        "js",
        "ts",
        "json",
        "md",
        "txt",
        "html",
        "css",
        "yml",
        "yaml",
        "toml",
        "png",
        "svg",
        "jpg",
        "gif",
        "cfg",
        "ini",
        "service",
        "timer",
        "lock",
        "whl",
        "tar",
        "gz",
    )
)
TEST_CARDS = frozenset(
    (
        "4111111111111111",
        "4242424242424242",
        "4012888888881881",
        "4000056655665556",
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "6011000990139424",
        "30569309025904",
        "38520000023237",
        "3530111333300000",
        "3566002020360505",
        "4000000000000002",
        "5200828282828210",
        "4222222222222",
    )
)
VOID_SSN = frozenset(("078051120", "219099999", "123456789", "987654321"))
RESOLVERS = frozenset(
    (
        "8.8.8.8",
        "8.8.4.4",
        "1.1.1.1",
        "1.0.0.1",
        "9.9.9.9",
        "208.67.222.222",
        "208.67.220.220",
        "1.2.3.4",
    )
)

"""The documented shape of each kind of secret, written without the generator."""

WORD = r"[A-Za-z0-9_-]"
START, END = r"(?<![A-Za-z0-9_-])", r"(?![A-Za-z0-9_-])"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
BODY = r"(?:[A-Za-z0-9+/=]+\s*)+"

# What stands in the planted field; a kind that needs its name has it in the expression.
FORMATS = {
    "aws_key_pair": START + r"(?:AKIA|ASIA)[A-Z2-7]{16}" + END,
    "github_classic": START + r"gh[posu]_[A-Za-z0-9]{36}" + END,
    "github_fine_grained": START + r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}" + END,
    "gitlab": START + rf"gl(?:pat|rt)-(?:{WORD}{{27,300}}\.01\.[0-9a-z]{{9}}|{WORD}{{20}})" + END,
    "slack": r"xoxb-\d{10,13}-\d{10,13}-[A-Za-z0-9]{24}"
    r"|https://hooks\.slack\.com/services/T[A-Z0-9]{8,10}/B[A-Z0-9]{8,10}/[A-Za-z0-9]{24}",
    "stripe_live": START + r"[sr]k_live_(?:[A-Za-z0-9]{24}|[A-Za-z0-9]{99})" + END,
    "google_api_key": START + rf"AIza{WORD}{{35}}" + END,
    "gcp_service_account": r'"type": ?"service_account"[\s\S]*"private_key": ?"-----BEGIN PRIVATE',
    "azure_storage": r"DefaultEndpointsProtocol=https;AccountName=[a-z0-9]{3,24};"
    r"AccountKey=[A-Za-z0-9+/]{86}==;EndpointSuffix=core\.windows\.net",
    "openai": START
    + rf"sk-(?:(?:proj|svcacct)-{WORD}{{74}}T3BlbkFJ{WORD}{{74}}"
    + r"|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})"
    + END,
    "anthropic": START + rf"sk-ant-api03-{WORD}{{93}}AA" + END,
    "hugging_face": START + r"hf_[A-Za-z]{34}" + END,
    "npm": START + r"npm_[A-Za-z0-9]{36}" + END,
    "pypi": START + rf"pypi-AgEIcHlwaS5vcmcCJ{WORD}{{70,250}}" + END,
    "twilio": r"(?i)twilio_(?:auth_token|api_secret)\W+(?:[0-9a-f]{32}|[A-Za-z0-9]{32})" + END,
    "sendgrid": START + rf"SG\.{WORD}{{22}}\.{WORD}{{43}}" + END,
    "mailgun": START + r"(?:key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})" + END,
    "telegram_bot": START + rf"\d{{8,10}}:AA{WORD}{{33}}" + END,
    "discord": rf"https://discord\.com/api/webhooks/\d{{17,19}}/{WORD}{{68}}"
    rf"|{START}[MNO]{WORD}{{23,25}}\.{WORD}{{6}}\.{WORD}{{38}}{END}",
    "jwt": START + rf"eyJ{WORD}+\.eyJ{WORD}+\.{WORD}{{43}}" + END,
    "private_key": rf"-----BEGIN (?:RSA|EC|OPENSSH) PRIVATE KEY-----\s+{BODY}-----END",
    "pgp_private_key": rf"-----BEGIN PGP PRIVATE KEY BLOCK-----\s+{BODY}-----END PGP",
    "database_url": r"\b(?:postgres(?:ql)?|mysql\+pymysql|mongodb\+srv|amqp|rediss)://"
    r"\w+:[A-Za-z0-9]{14,28}@[\w.-]+",
    "basic_auth_url": rf"https://[\w-]+:{WORD}{{14,28}}@[\w.-]+/",
    "digital_ocean": START + r"do[por]_v1_[0-9a-f]{64}" + END,
    "databricks": START + r"dapi[0-9a-f]{32}(?:-\d)?" + END,
    "shopify": START + r"shp(?:at|ss|ca|pa)_[0-9a-f]{32}" + END,
    "square": START + rf"(?:EAAA{WORD}{{60}}|sq0csp-{WORD}{{43}}|sq0atp-{WORD}{{22}})" + END,
    "heroku": rf"{START}HRKU-AA{WORD}{{58}}{END}|(?i:heroku_api_key)\W+{UUID}",
    "generic_assignment": r"(?i)(?:api_key|client_secret|db_password|auth_token|secret_key"
    r"|admin_password|access_token)\W{1,4}(?=[^\s\"']*\d)(?=[^\s\"']*[a-z])"
    r"[A-Za-z0-9!%^*+/_-]{20,40}(?![\w])",
}


def is_placeholder(value: str) -> bool:
    """A documented example, or a value of one repeated sign."""
    return "EXAMPLE" in value or any(sign * 8 in value for sign in "xX*0")

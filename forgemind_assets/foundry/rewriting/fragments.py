"""Harmless code that stands beside the code under review in real files.

Fragments are separated by a line of three dashes. They hold no weakness of any class that
`LABELS.md` names, and no call that resembles one.
"""

FUNCTIONS = '''
def to_cents(amount):
    return int(round(float(amount) * 100))
---
def full_name(person):
    return " ".join(p for p in (person.first, person.last) if p)
---
def chunked(items, size=50):
    for start in range(0, len(items), size):
        yield items[start:start + size]
---
def is_weekend(day):
    return day.weekday() >= 5
---
def clamp(value, low, high):
    return max(low, min(high, value))
---
def paginate(rows, page, per_page=20):
    start = (page - 1) * per_page
    return rows[start:start + per_page]
---
def format_price(cents, currency="EUR"):
    return f"{cents / 100:.2f} {currency}"
---
class NotFound(Exception):
    """Raised when a record is missing."""
---
@dataclass
class Point:
    x: float
    y: float
---
def mean(values):
    return sum(values) / len(values) if values else 0.0
---
def by_status(orders):
    groups = {}
    for order in orders:
        groups.setdefault(order.status, []).append(order)
    return groups
---
def health():
    return {"status": "ok"}
---
class Money:
    def __init__(self, amount, currency):
        self.amount = amount
        self.currency = currency

    def __add__(self, other):
        return Money(self.amount + other.amount, self.currency)
---
def slug_length_ok(slug):
    return 3 <= len(slug) <= 40
---
def parse_flag(value):
    return str(value).lower() in ("1", "true", "yes", "on")
---
def total_weight(parcels):
    return sum(p.weight for p in parcels)
---
def iso_date(moment):
    return moment.strftime("%Y-%m-%d")
---
def first_or_none(rows):
    return rows[0] if rows else None
---
def normalise_phone(number):
    digits = [c for c in number if c.isdigit()]
    return "".join(digits)
---
def seconds_between(start, end):
    return (end - start).total_seconds()
---
class Timer:
    def __enter__(self):
        self.started = time.monotonic()
        return self

    def __exit__(self, *exc):
        self.elapsed = time.monotonic() - self.started
---
def merge(left, right):
    merged = dict(left)
    merged.update(right)
    return merged
---
def unique(seq):
    seen = set()
    return [x for x in seq if not (x in seen or seen.add(x))]
---
async def tick(interval):
    while True:
        await asyncio.sleep(interval)
---
def percent(part, whole):
    return 0 if not whole else round(100 * part / whole, 1)
---
class Level(Enum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3
---
def flatten(rows):
    return [cell for row in rows for cell in row]
---
def word_count(text):
    return len(text.split())
---
def sort_by_date(entries):
    return sorted(entries, key=lambda e: e.created_at, reverse=True)
---
def celsius(fahrenheit):
    return (fahrenheit - 32) * 5 / 9
---
@property
def is_open(self):
    return self.closed_at is None
---
def initials(name):
    return "".join(part[0].upper() for part in name.split())
---
def overdue(invoice, today):
    return invoice.due < today and not invoice.paid
---
def to_dict(row):
    return {"id": row.id, "name": row.name}
---
class Cart:
    def __init__(self):
        self.lines = []

    def add(self, sku, qty=1):
        self.lines.append((sku, qty))

    def count(self):
        return sum(qty for _, qty in self.lines)
---
def distance(a, b):
    return math.hypot(a.x - b.x, a.y - b.y)
---
def truncate(text, width=80):
    return text if len(text) <= width else text[: width - 1] + "…"
---
def retry_delay(attempt, base=0.5, cap=30):
    return min(cap, base * 2 ** attempt)
---
def group_digits(number):
    return f"{number:,}".replace(",", " ")
---
def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle]
---
def next_month(year, month):
    return (year + 1, 1) if month == 12 else (year, month + 1)
---
def vat(net, rate=0.19):
    return round(net * rate, 2)
---
def bmi(weight, height):
    return weight / height ** 2
---
class Stopwatch:
    laps = ()

    def lap(self, seconds):
        self.laps = (*self.laps, seconds)
---
def pairwise(items):
    return list(zip(items, items[1:]))
---
def within(box, point):
    return box.left <= point.x <= box.right and box.top <= point.y <= box.bottom
---
def describe(event):
    return f"{event.title} ({event.starts_at:%d %b})"
---
def stock_level(product):
    return product.received - product.sold
---
def is_even(n):
    return n % 2 == 0
---
def rows_to_csv(rows):
    return "\\n".join(",".join(map(str, row)) for row in rows)
---
class Page(NamedTuple):
    number: int
    size: int = 20
---
def last_page(total, size):
    return max(1, -(-total // size))
---
def apply_discount(price, percent):
    return price * (100 - percent) / 100
---
def by_initial(names):
    index = {}
    for name in sorted(names):
        index.setdefault(name[:1].upper(), []).append(name)
    return index
---
def nights(check_in, check_out):
    return (check_out - check_in).days
---
def moving_average(series, window=3):
    return [sum(series[i:i + window]) / window for i in range(len(series) - window + 1)]
---
def find(items, predicate):
    return next((item for item in items if predicate(item)), None)
---
def ping():
    return "pong"
---
def compact(mapping):
    return {k: v for k, v in mapping.items() if v is not None}
---
def business_days(days):
    return [d for d in days if d.weekday() < 5]
---
def transpose(grid):
    return [list(column) for column in zip(*grid)]
---
def __repr__(self):
    return f"<{type(self).__name__} {self.pk}>"
---
def ratio(a, b, digits=2):
    try:
        return round(a / b, digits)
    except ZeroDivisionError:
        return None
---
class Inventory(dict):
    def take(self, name, amount=1):
        if self.get(name, 0) < amount:
            raise ValueError("not enough")
        self[name] -= amount
---
def hours(minutes):
    return divmod(minutes, 60)
---
def is_palindrome(text):
    letters = [c.lower() for c in text if c.isalpha()]
    return letters == letters[::-1]
---
def progress(done, total, width=20):
    filled = width * done // total
    return "#" * filled + "-" * (width - filled)
'''

CONSTANTS = """
logger = logging.getLogger(__name__)
---
log = logging.getLogger("{noun}")
---
PAGE_SIZE = 25
---
DEFAULT_LIMIT = 100
---
MAX_{NOUN}S = 50
---
TIMEOUT = 10
---
STATUSES = ("open", "closed", "pending")
---
app = Flask(__name__)
---
router = APIRouter()
---
bp = Blueprint("{noun}", __name__)
---
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun"]
---
DATE_FORMAT = "%d.%m.%Y"
---
VERSION = "2.4.1"
---
{NOUN}_COLUMNS = ["name", "status", "total"]
---
DEBUG = False
---
COLOURS = {{"low": "green", "high": "red"}}
---
T = TypeVar("T")
---
{NOUN}_LABELS = {{1: "new", 2: "used"}}
---
_cache = {{}}
---
HEADERS = {{"Accept": "application/json"}}
---
__all__ = ["{noun}"]
---
LANGUAGES = ("de", "en", "fr")
---
RETRIES = 3
"""

STATEMENTS = """
logger.info("{message}")
---
log.debug("{message}")
---
print("{message}")
---
started = time.monotonic()
---
count = 0
---
logging.info("{message}")
---
now = datetime.now(timezone.utc)
---
metrics.increment("{noun}.calls")
---
statsd.incr("{noun}")
---
limit = 50
---
page = 1
---
logger.debug("%s: {message}", "{noun}")
---
today = date.today()
---
seen = set()
---
attempts = 0
---
{noun}_total = 0
---
stats = {{"{noun}": 0}}
---
logger.warning("{message}")
---
current_app.logger.info("{message}")
---
click.echo("{message}")
---
lang = "en"
---
time.sleep(0.1)
---
assert True
---
counter["{noun}"] += 1
---
is_admin = False
---
labels = ["{noun}", "{noun2}"]
---
title = "{message}"
---
sys.stdout.flush()
---
tracer.annotate("{noun}")
---
show_{noun} = True
"""

BLOCKS = """
try:
@
except Exception:
    logger.exception("{message}")
    raise
---
try:
@
finally:
    metrics.increment("{noun}.done")
---
with timer("{noun}"):
@
---
with lock:
@
---
with tracer.start_as_current_span("{noun}"):
@
---
if enabled:
@
---
try:
@
except ValueError as exc:
    print("{message}", exc)
    raise
---
try:
@
except KeyError:
    logger.error("{message}")
    raise
---
with suppress(FileNotFoundError):
@
---
for attempt in range(3):
@
"""


def pieces(text: str) -> tuple[str, ...]:
    """The fragments of one of the texts above."""
    return tuple(part.strip("\n") for part in text.split("---\n"))


FUNCTION_PIECES = pieces(FUNCTIONS)
CONSTANT_PIECES = pieces(CONSTANTS)
STATEMENT_PIECES = pieces(STATEMENTS)
BLOCK_PIECES = pieces(BLOCKS)

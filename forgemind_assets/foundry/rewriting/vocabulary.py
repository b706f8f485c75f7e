"""Words of many trades from which names, tables, routes and messages are made."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import random
from dataclasses import dataclass
from functools import cache

# trade: nouns that can be a table, a route segment, a class or a function's object
TRADES = {
    "hotel": "guest room booking stay rate housekeeping minibar reservation checkin floor",
    "clinic": "patient visit doctor ward prescription appointment referral allergy chart bed",
    "shop": "product order basket customer refund shipment vendor catalogue discount review",
    "school": "pupil course lesson teacher grade timetable exam homework enrolment classroom",
    "bank": "account transfer statement branch loan ledger payee balance mortgage deposit",
    "library": "book loan reader shelf author edition fine hold periodical archive",
    "fleet": "vehicle driver trip depot fuel route inspection trailer odometer dispatch",
    "farm": "field crop harvest tractor silo irrigation herd seedling soil barn",
    "museum": "exhibit artefact curator gallery visitor donation catalogue restoration tour wing",
    "airline": "flight passenger seat gate luggage crew boarding itinerary fare aircraft",
    "factory": "machine shift batch part conveyor defect workorder spindle assembly gauge",
    "newsroom": "article editor headline section photo byline draft column correction feed",
    "gym": "member trainer workout locker subscription session plan attendance studio rower",
    "energy": "meter reading tariff outage turbine substation feeder panel inverter forecast",
    "city": "permit parcel street inspector complaint zone council petition streetlight bin",
    "music": "track album artist playlist concert label royalty stem setlist venue",
    "games": "player match lobby guild quest inventory leaderboard season arena avatar",
    "research": "sample assay experiment reagent dataset protocol instrument run cohort paper",
    "realty": "listing tenant lease landlord viewing property agent inspection deed unit",
    "courier": "parcel courier manifest address pickup waybill hub locker stop delivery",
    "restaurant": "dish menu table chef recipe ingredient tip waiter supplier kitchen",
    "insurance": "policy claim adjuster premium quote incident broker coverage payout garage",
    "weather": "station reading forecast alert radar buoy gust rainfall sensor region",
    "helpdesk": "case queue agent reply macro escalation contact topic survey backlog",
    "genealogy": "person family census parish record marriage ancestor village tree relic",
    "robotics": "robot joint mission waypoint gripper lidar frame actuator battery dock",
    "theatre": "play actor rehearsal costume stage prop audience act director season",
    "forestry": "stand tree plot species harvest ranger trail fire inventory seedling",
    "telecom": "tower cell subscriber plan handset outage circuit call cabinet port",
    "charity": "donor gift campaign volunteer event pledge shelter grant appeal newsletter",
    "legal": "matter client filing court judge brief deposition exhibit counsel docket",
    "warehouse": "pallet sku aisle picker rack stock carton bay forklift count",
    "cinema": "film screening seat popcorn usher trailer hall showing snack projector",
    "travel": "trip hotel flight tour traveller visa excursion itinerary cruise guide",
    "construction": "site crane contractor blueprint permit concrete foreman beam survey hoist",
    "sports": "team fixture referee stadium score transfer squad coach league injury",
}
COLUMNS = (
    "id name title status created_at updated_at owner_id price total amount quantity email phone "
    "city country notes description kind category state label position priority starts_at ends_at "
    "active weight size colour slug language region score level year month day version source "
    "target comment summary author rating currency due_date opened_at closed_at capacity model "
    "serial origin remarks reference lang hidden visible archived count rank sku unit"
).split()
VALUES = (
    "name term value item text query slug label title kind category region city country status "
    "field word needle criterion subject ref ident keyword choice option selection entry topic "
    "arg param data raw given wanted q s v x t n k key_name user_value supplied incoming filter_by "
    "search lookup pattern prefix suffix group section code_name email phone address note comment "
    "body content message remark nickname username account_name project branch_name lang locale"
).split()
VERBS = (
    "get fetch load find list show read lookup handle process run update sync import_ export "
    "collect check build make prepare search view open_ do refresh query retrieve resolve submit "
    "apply perform report archive register record"
).split()
LOCALS = (
    "item items entry entries result results value values record records info out output acc tmp "
    "obj node current found chunk part batch block piece element details summary res ret rv"
).split()
CONSTANTS = (
    "LIMIT DEFAULT OPTIONS BASE ROOT CONFIG CHOICES TABLE FIELDS NAMES MAPPING SUPPORTED KNOWN "
    "LOOKUP SETTINGS TARGETS ENTRIES BY_NAME REGISTRY PRESETS KINDS"
).split()
CLASS_ENDINGS = (
    "Service Repository Store Manager Handler Client View Api Gateway Worker Importer Exporter "
    "Loader Reader Job Controller Backend Adapter Registry Repo Dao Helper Index Board"
).split()
MESSAGES = (
    "nothing found|request received|starting the job|done|could not be completed|not available|"
    "please try again later|invalid input|missing value|unknown entry|finished in time|"
    "updating the view|reading the list|no such entry|already exists|the service is busy|"
    "try another one|accepted|queued for processing|retrying now|skipping the rest|"
    "loading the next page|saved|closed by the operator|waiting for the upstream|"
    "the list is empty|this field is required|operation finished|processing started|"
    "one moment please|back to the overview|see the manual for details|sent to the printer|"
    "all good so far|nothing to do|value out of range|too many entries|check the spelling"
).split("|")
PROSE = (
    "welcome hello overview details results profile today latest all items your page home search "
    "summary report list notes news more about help contact open next previous archive board"
).split()
HOST_WORDS = (
    "api data files static cdn reports portal internal gateway partner feeds "
    "media hub catalog sync "
    "status metrics mirror images docs events search billing inventory"
).split()
HOST_ENDINGS = (
    "example.com example.org example.net acme.test corp.example internal.example contoso.example "
    "northwind.example svc.local lan.example globex.example initech.example"
).split()
PATH_ROOTS = (
    "/srv/{0} /var/lib/{0} /opt/{0}/data /data/{0} /mnt/{0} /home/app/{0} /var/{0} /srv/app/{0} "
    "/var/spool/{0} /media/{0} /app/{0}"
).split()
COMMENTS = (
    "keep in step with the mobile app|called from the nightly job|see the wiki page for the format|"
    "older clients send this without a value|used by the admin pages|order matters here|"
    "returns quickly when there is nothing to do|the front end expects this shape|"
    "moved here from the monolith|one call per page view|TODO: add paging|"
    "the schema is shared with the reporting team|usually below a hundred entries|"
    "kept for backwards compatibility|measured: 3 ms on average|same as in the legacy service|"
    "TODO: move to settings|first column is always the key|not cached on purpose|"
    "the caller closes it|runs once per hour|"
    "FIXME: slow for large inputs|we only need the first page|ask the data team before changing|"
    "v2 of the endpoint|input comes as plain text|shared by both front ends|review in Q3|"
    "ported from PHP|mirrors the layout of the paper form|times are UTC"
).split("|")
DOCSTRINGS = (
    "Handle one {0}.|Return the {0} for the page.|Entry point of the {0} screen.|"
    "Look up a {0} and return it.|Helper for the {0} module.|Process a {0} sent by the client.|"
    "{0} endpoint.|Used by the {0} list.|Part of the {0} workflow.|Work on one {0} at a time.|"
    "Serve the {0} overview.|Implements the {0} action.|Run the {0} step."
).split("|")


@dataclass(frozen=True)
class Theme:
    """The nouns of one rewriting: one or two trades, so that names belong together."""

    nouns: tuple[str, ...]

    @staticmethod
    def draw(rng: random.Random) -> "Theme":
        """A theme of one trade, now and then of two."""
        trades = rng.sample(sorted(TRADES), 2 if rng.random() < 0.25 else 1)
        return Theme(tuple(n for t in trades for n in TRADES[t].split()))

    def noun(self, rng: random.Random) -> str:
        """One noun, singular."""
        return rng.choice(self.nouns)

    def plural(self, rng: random.Random) -> str:
        """One noun, plural."""
        return plural(self.noun(rng))


def plural(noun: str) -> str:
    """English plural of a regular noun."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


@cache
def all_nouns() -> frozenset[str]:
    """Every trade noun, singular and plural."""
    single = {n for nouns in TRADES.values() for n in nouns.split()}
    return frozenset(single | {plural(n) for n in single})

"""The sample's forums and the accounts a visitor can sign in with."""

from .model import SampleForum

# Username, password, what it is. They open a sample on the visitor's own machine and nothing else.
SIGN_INS: list[tuple[str, str, str]] = [
    ("ada", "copper-kettle-41", "administrator"),
    ("mika", "paper-lantern-52", "moderator"),
    ("robin", "quiet-harbour-63", "ordinary member"),
]

FORUMS: list[SampleForum] = [
    SampleForum(
        name="welcome",
        title="Welcome",
        description="Say hello, learn your way around, and tell us what the forum should do next.",
        read_access="public",
        order=1,
    ),
    SampleForum(
        name="aws",
        title="DynamoDB & ElastiCache",
        description="Keys, indexes, transactions, eviction and invalidation: what works in practice, with figures.",
        read_access="public",
        order=2,
    ),
    SampleForum(
        name="django",
        title="Django",
        description="Models, queries, migrations, tests and deployment, from the first view to the tenth server.",
        read_access="public",
        order=3,
    ),
    SampleForum(
        name="selfhosting",
        title="Self-hosting",
        description="Small servers, quiet disks, and backups that have been restored at least once.",
        read_access="public",
        order=4,
    ),
    SampleForum(
        name="coffee",
        title="Coffee",
        description="Beans, grinders, water and patience. All brewing methods welcome, instant included.",
        read_access="public",
        order=5,
    ),
    SampleForum(
        name="lounge",
        title="Lounge",
        description="For members only: night trains, small victories, puzzles and whatever else is on your mind.",
        read_access="members",
        order=6,
    ),
]

# Which forum each generated thread goes to, over and over: busy forums come up more often.
ROTA: tuple[str, ...] = (
    "aws",
    "django",
    "selfhosting",
    "coffee",
    "aws",
    "lounge",
    "django",
    "selfhosting",
    "aws",
    "coffee",
    "django",
    "welcome",
    "selfhosting",
    "aws",
    "django",
    "lounge",
    "coffee",
)

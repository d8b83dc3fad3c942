"""The goods of the practice shop, each a pure function of its id.

Belongs here: what a product is, and how its name, price and details follow from its number.
Does not belong here: HTML (see markup) and which products a shop has (see listing).
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

COLOURS = (
    ("Black", "#2b2b2b"),
    ("White", "#e9e6df"),
    ("Red", "#b9382e"),
    ("Blue", "#2f6da8"),
    ("Green", "#3c8250"),
    ("Yellow", "#dcb02f"),
    ("Grey", "#8b8f94"),
    ("Brown", "#7a5236"),
    ("Orange", "#d9772b"),
    ("Purple", "#6d4a93"),
    ("Pink", "#d98aa4"),
    ("Teal", "#23807f"),
    ("Navy", "#1f3156"),
    ("Ivory", "#d9cfb2"),
    ("Olive", "#767a35"),
    ("Silver", "#aab1b8"),
)
MATERIALS = (
    "Wooden",
    "Ceramic",
    "Steel",
    "Cotton",
    "Leather",
    "Glass",
    "Bamboo",
    "Linen",
    "Copper",
    "Granite",
    "Rubber",
    "Woollen",
)
CATEGORY_NOUNS = {
    "kitchen-mugs": ("Mug", "Cup", "Beaker", "Tumbler"),
    "tableware": ("Bowl", "Plate", "Jug", "Tray"),
    "cables": ("Cable", "Adapter", "Charger", "Hub"),
    "lighting": ("Lamp", "Lantern", "Candle", "Torch"),
    "furniture": ("Chair", "Stool", "Shelf", "Table"),
    "bags": ("Bag", "Backpack", "Wallet", "Pouch"),
    "clothing": ("Hat", "Scarf", "Belt", "Gloves"),
    "stationery": ("Notebook", "Pen", "Ruler", "Folder"),
    "garden": ("Pot", "Trowel", "Basket", "Bucket"),
    "sport": ("Bottle", "Mat", "Rope", "Ball"),
}
CATEGORIES = tuple(CATEGORY_NOUNS)
_NOUNS = tuple((noun, category) for category, nouns in CATEGORY_NOUNS.items() for noun in nouns)
_NAMES = len(_NOUNS) * len(COLOURS) * len(MATERIALS)
# The stride has no factor in common with the number of names, so the names of that many
# consecutive ids are all different; the offset makes number 334 the Black Wooden Cable.
_STRIDE = 3571
_BLACK_WOODEN_CABLE = _NOUNS.index(("Cable", "cables"))
_OFFSET = (_BLACK_WOODEN_CABLE - 334 * _STRIDE) % _NAMES


@dataclass(frozen=True)
class Product:
    """One product as the shop sells it; prices are US dollars with two decimals."""

    id: int
    colour: str
    colour_code: str
    material: str
    noun: str
    category: str
    price: Decimal
    old_price: Decimal | None
    rating: Decimal
    reviews: int
    in_stock: bool
    weight_grams: int

    @property
    def name(self) -> str:
        """Colour, material and noun: `Black Wooden Cable`."""
        return f"{self.colour} {self.material} {self.noun}"

    @property
    def slug(self) -> str:
        """The readable part of the product's URL: `black-wooden-cable`."""
        return self.name.lower().replace(" ", "-")

    @property
    def path(self) -> str:
        """The path of the product's own page: `/products/334-black-wooden-cable`."""
        return f"/products/{self.id}-{self.slug}"

    @property
    def category_name(self) -> str:
        """The category as a person reads it: `Kitchen mugs`."""
        return category_name(self.category)

    @property
    def description(self) -> str:
        """One sentence for the product's page."""
        return (
            f"A {self.colour.lower()} {self.noun.lower()} of our {self.material.lower()} range, "
            f"made to be scraped: it has never been sold, and never will be."
        )

    @property
    def discount_percent(self) -> int:
        """The rounded reduction against the old price, 0 without one."""
        if self.old_price is None:
            return 0
        return round(100 - 100 * self.price / self.old_price)

    @property
    def spec(self) -> tuple[tuple[str, str], ...]:
        """The rows of the specification table, label and value."""
        return (
            ("SKU", f"PS-{self.id:06d}"),
            ("Colour", self.colour),
            ("Material", self.material),
            ("Weight", f"{self.weight_grams:,} g"),
            ("Reviews", str(self.reviews)),
        )


def category_name(category: str) -> str:
    """Return the slug `kitchen-mugs` as `Kitchen mugs`."""
    return category.replace("-", " ").capitalize()


def category_of(product_id: int) -> str:
    """Return the category of a product without working out the rest of it."""
    return _NOUNS[_name_index(product_id) % len(_NOUNS)][1]


def product(product_id: int, revision: int = 0) -> Product:
    """Return product number `product_id` (1 or more); each revision adds one dollar to its prices.

    Raises:
        ValueError: the number is below 1.
    """
    if product_id < 1:
        raise ValueError(f"product ids start at 1, not {product_id}")
    rest, noun_index = divmod(_name_index(product_id), len(_NOUNS))
    material_index, colour_index = divmod(rest, len(COLOURS))
    noun, category = _NOUNS[noun_index]
    colour, colour_code = COLOURS[colour_index]
    dice = hashlib.blake2b(str(product_id).encode(), digest_size=16).digest()
    cents = _price_cents(dice)
    has_old_price = dice[4] < 52
    old_cents = cents * (105 + dice[5] % 60) // 100 if has_old_price else None
    return Product(
        id=product_id,
        colour=colour,
        colour_code=colour_code,
        material=MATERIALS[material_index],
        noun=noun,
        category=category,
        price=_dollars(cents, revision),
        old_price=None if old_cents is None else _dollars(old_cents, revision),
        rating=Decimal(10 + dice[6] % 41).scaleb(-1),
        reviews=int.from_bytes(dice[7:9], "big") % 480,
        in_stock=dice[9] % 8 != 0,
        weight_grams=50 + int.from_bytes(dice[10:12], "big") % 4000,
    )


def _name_index(product_id: int) -> int:
    return (product_id * _STRIDE + _OFFSET) % _NAMES


def _price_cents(dice: bytes) -> int:
    """Mostly $3 to $203; one product in thirty-two costs more than a thousand."""
    cents = 300 + int.from_bytes(dice[0:3], "big") % 20_000
    return cents + 100_000 if dice[3] % 32 == 0 else cents


def _dollars(cents: int, revision: int) -> Decimal:
    return Decimal(cents + 100 * revision).scaleb(-2)

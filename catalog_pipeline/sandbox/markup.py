"""The pages of the practice shop as HTML, XML and plain text.

Belongs here: turning products into markup. Pure functions, values in and text out.
Does not belong here: HTTP, counters, faults' answers, and which products are on a page.
"""

from collections.abc import Iterable, Sequence
from html import escape

from catalog_pipeline.sandbox.products import Product, category_name

PRICE, RENAMED = "price", "price-now"
"""The class of a price, and what the shop calls it on a day on which it is marked up anew."""
STYLE = """\
:root{color-scheme:light}
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#22272b;background:#f6f5f1}
header,main,footer{max-width:70rem;margin:auto;padding:1rem 1.25rem}
header{display:flex;flex-wrap:wrap;gap:1.25rem;align-items:baseline}
header strong{font-size:1.25rem}
a{color:#1f5f8b;text-decoration:none}a:hover{text-decoration:underline}
.products{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:1rem}
.product-card{background:#fff;border:1px solid #e2dfd6;border-radius:.5rem;padding:.75rem}
.product-card img{width:100%;height:7rem;border-radius:.25rem}
.product-card h2{font-size:1rem;margin:.5rem 0 0}
.product-card p{margin:.15rem 0;font-size:.875rem}
.price{font-weight:700}del{color:#8a8578}.rating{color:#9a6b00}
.in-stock{color:#2e7142}.out-of-stock,.login-error,.discount{color:#a33226}
.pager{display:flex;gap:1.5rem;margin:1.5rem 0}footer{color:#77726a;font-size:.875rem}
.spec-table{border-collapse:collapse}
.spec-table th,.spec-table td{text-align:left;padding:.3rem .9rem .3rem 0}
.spec-table th,.spec-table td{border-bottom:1px solid #e2dfd6}
label{display:block;margin:.6rem 0}
"""


def document(title: str, body: str) -> str:
    """Return a whole page around `body`, which must be markup already."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Practice shop</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><strong><a href="/">Practice shop</a></strong>
<a href="/products">Products</a> <a href="/deals">Deals</a>
<a href="/members/products">Members</a></header>
<main>
{body}
</main>
<footer>Nothing here is for sale. This shop exists to be scraped.</footer>
</body>
</html>
"""


def listing_page(
    products: Sequence[Product],
    page: int,
    *,
    path: str = "/products",
    category: str | None = None,
    has_next: bool = False,
    unpriced: frozenset[int] = frozenset(),
    renamed: frozenset[int] = frozenset(),
    told: str = "",
) -> str:
    """Return listing page `page`, with `told` as a line of its own; those in `unpriced` get no
    price, those in `renamed` one of another class."""
    heading = "Products" if category is None else category_name(category)
    cards = "\n".join(
        card(
            item,
            has_price=item.id not in unpriced,
            price_class=RENAMED if item.id in renamed else PRICE,
        )
        for item in products
    )
    if not products:
        cards = '<p class="no-products">There are no products here.</p>'
    body = f"""<h1>{escape(heading)}</h1>
<section class="products">
{cards}
</section>
{f'<p class="listing-size">{told}</p>' if told else ""}{_pager(path, page, category, has_next)}"""
    return document(f"{heading}, page {page}", body)


def card(item: Product, *, has_price: bool = True, price_class: str = PRICE) -> str:
    """Return the card of one product in a listing."""
    return f"""<article class="product-card" data-product-id="{item.id}">
<a class="product-image" href="{item.path}">\
<img src="/images/{item.id}.svg" alt="" loading="lazy"></a>
<h2 class="product-name"><a href="{item.path}">{item.name}</a></h2>
<p class="product-category"><a href="/products?page=1&amp;category={item.category}">\
{item.category_name}</a></p>
{_price(item, price_class) if has_price else ""}
<p class="rating" data-rating="{item.rating}">{_stars(item)} {item.rating}
<span class="reviews">({item.reviews} reviews)</span></p>
{_stock(item)}
</article>"""


def product_page(item: Product) -> str:
    """Return the product's own page, with schema.org microdata."""
    availability = "InStock" if item.in_stock else "OutOfStock"
    spec = "\n".join(
        f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in item.spec
    )
    body = f"""<nav class="crumbs"><a href="/">Home</a> &rsaquo;
<a href="/products">Products</a> &rsaquo;
<a href="/products?page=1&amp;category={item.category}">{item.category_name}</a></nav>
<article itemscope itemtype="https://schema.org/Product">
<h1 itemprop="name">{item.name}</h1>
<img itemprop="image" src="/images/{item.id}.svg" alt="{item.name}" width="320" height="160">
<div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
<p class="product-price">{_old_price(item)}\
<span class="price" itemprop="price" content="{item.price}">${item.price:,}</span>
<meta itemprop="priceCurrency" content="USD"></p>
<link itemprop="availability" href="https://schema.org/{availability}">
{_stock(item)}
</div>
<p class="rating" data-rating="{item.rating}">{_stars(item)} {item.rating}</p>
<p itemprop="description">{escape(item.description)}</p>
<table class="spec-table">
{spec}
</table>
</article>"""
    return document(item.name, body)


def deals_page(offers: Iterable[Product]) -> str:
    """Return the offers, old price first and the reduction with a true minus sign (U+2212)."""
    rows = "\n".join(
        f'<li class="deal"><a href="{item.path}">{item.name}</a> '
        f'{_old_price(item)}<span class="price">${item.price:,}</span> '
        f'<span class="discount">\N{MINUS SIGN}{item.discount_percent}%</span></li>'
        for item in offers
    )
    return document("Deals", f'<h1>Deals</h1>\n<ul class="deals">\n{rows}\n</ul>')


def home_page(categories: Iterable[str]) -> str:
    """Return the entrance of the shop, with those categories."""
    links = "\n".join(
        f'<li><a href="/products?page=1&amp;category={slug}">{category_name(slug)}</a></li>'
        for slug in categories
    )
    return document("Welcome", f"<h1>Welcome</h1>\n<ul>\n{links}\n</ul>")


def app_page(script_id: str, data: str) -> str:
    """Return a page whose products, as JSON, are put in place by scripts of the browser."""
    # As the data may not end its script.
    safe = data.replace("</", "<\\/")
    body = (
        f'<h1>Products</h1>\n<section id="app"></section>\n'
        f'<script id="{script_id}" type="application/json">{safe}</script>'
    )
    return document("Products", body)


def message_page(title: str, text: str) -> str:
    """Return a page that says one thing, such as that there is no such page."""
    return document(title, f"<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>")


def login_page(csrf_token: str, next_path: str, error: str | None = None) -> str:
    """Return the members' login form with its two hidden fields."""
    notice = "" if error is None else f'<p class="login-error" role="alert">{escape(error)}</p>\n'
    body = f"""<h1>Members' login</h1>
{notice}<form class="login-form" method="post" action="/members/login">
<input type="hidden" name="csrf_token" value="{escape(csrf_token)}">
<input type="hidden" name="next" value="{escape(next_path)}">
<label>Name <input type="text" name="username" autocomplete="username"></label>
<label>Password <input type="password" name="password" autocomplete="current-password"></label>
<button type="submit">Log in</button>
</form>"""
    return document("Members' login", body)


def picture(item: Product) -> str:
    """Return a drawing that stands for the product's photograph."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 160">'
        f'<rect width="320" height="160" fill="{item.colour_code}"/>'
        '<text x="160" y="88" font-family="sans-serif" font-size="26" text-anchor="middle" '
        f'fill="#fff" stroke="#0006" stroke-width=".5">{item.noun}</text></svg>'
    )


def robots_txt(base_url: str) -> str:
    """Return a robots.txt that allows everything and asks for no delay."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {base_url}/sitemap.xml\n"


def sitemap_xml(base_url: str, paths: Iterable[str]) -> str:
    """Return the sitemap of the given paths."""
    base = escape(base_url)
    urls = "\n".join(f"<url><loc>{base}{escape(path)}</loc></url>" for path in paths)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}\n</urlset>\n'
    )


def _price(item: Product, price_class: str) -> str:
    price = f'<span class="{price_class}">${item.price:,}</span>'
    return f'<p class="product-price">{_old_price(item)}{price}</p>'


def _old_price(item: Product) -> str:
    return "" if item.old_price is None else f'<del class="old-price">${item.old_price:,}</del> '


def _stock(item: Product) -> str:
    if item.in_stock:
        return '<p class="stock in-stock">In stock</p>'
    return '<p class="stock out-of-stock">Out of stock</p>'


def _stars(item: Product) -> str:
    full = round(item.rating)
    return "★" * full + "☆" * (5 - full)


def sitemap_index_xml(base_url: str, paths: Iterable[str]) -> str:
    """Return an index of those sitemaps."""
    sitemaps = "\n".join(
        f"<sitemap><loc>{escape(base_url + path)}</loc></sitemap>" for path in paths
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{sitemaps}
</sitemapindex>
"""


def _pager(path: str, page: int, category: str | None, has_next: bool) -> str:
    suffix = "" if category is None else f"&amp;category={escape(category)}"
    links = [f"<span>Page {page}</span>"]
    if page > 1:
        previous = f"{path}?page={page - 1}{suffix}"
        links.insert(0, f'<a class="previous" rel="prev" href="{previous}">Previous</a>')
    if has_next:
        following = f"{path}?page={page + 1}{suffix}"
        links.append(f'<a class="next" rel="next" href="{following}">Next</a>')
    return f'<nav class="pager">{" ".join(links)}</nav>'

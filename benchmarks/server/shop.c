/* The HTML of the shop's listing pages, made by appending, so that a page costs microseconds.
 * The same products are computed by benchmarks/shop.py, against which every crawl is checked. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

static const char *COLOURS[16] = {"Black", "White", "Red",  "Blue",   "Green", "Grey",  "Amber", "Ivory",
                                  "Coral", "Navy",  "Olive", "Silver", "Teal",  "Violet", "Ochre", "Rose"};
static const char *MATERIALS[16] = {"Wooden", "Steel", "Linen",   "Glass",  "Cotton", "Leather", "Copper", "Bamboo",
                                    "Marble", "Paper", "Ceramic", "Rubber", "Woollen", "Cork",   "Brass",  "Stone"};
static const char *NOUNS[16] = {"Cable", "Mug",   "Lamp",  "Chair", "Clock", "Basket", "Bottle", "Tray",
                                "Shelf", "Knife", "Brush", "Plate", "Stool", "Frame",  "Towel",  "Candle"};

struct text {
    char *at;
};

static void put(struct text *text, const char *s) {
    size_t length = strlen(s);
    memcpy(text->at, s, length);
    text->at += length;
}

static void put_number(struct text *text, unsigned number) {
    char digits[12];
    int n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (n) *text->at++ = digits[--n];
}

static void put_fraction(struct text *text, unsigned whole, unsigned fraction, bool two_digits) {
    put_number(text, whole);
    put(text, two_digits && fraction < 10 ? ".0" : ".");
    put_number(text, fraction);
}

static void put_lower(struct text *text, const char *word) {
    *text->at++ = (char)(word[0] | 0x20);
    put(text, word + 1);
}

static void put_name(struct text *text, unsigned id) {
    put(text, COLOURS[id % 16]);
    put(text, " ");
    put(text, MATERIALS[id / 16 % 16]);
    put(text, " ");
    put(text, NOUNS[id / 256 % 16]);
    put(text, " No. ");
    put_number(text, id);
}

static void put_path(struct text *text, unsigned id) {
    put(text, "/products/");
    put_number(text, id);
    put(text, "-");
    put_lower(text, COLOURS[id % 16]);
    put(text, "-");
    put_lower(text, MATERIALS[id / 16 % 16]);
    put(text, "-");
    put_lower(text, NOUNS[id / 256 % 16]);
}

static void put_card(struct text *text, unsigned id) {
    unsigned cents = 199 + (unsigned)(id * 7919ull % 99800);
    unsigned tenths = 10 + (unsigned)(id * 37ull % 41);
    put(text, "<article class=\"product-card card\" data-product-id=\"");
    put_number(text, id);
    put(text, "\">\n  <div class=\"product-card__media\"><a href=\"");
    put_path(text, id);
    put(text, "\" tabindex=\"-1\"><img src=\"/images/");
    put_number(text, id);
    put(text, ".jpg\" alt=\"\" width=\"240\" height=\"240\" loading=\"lazy\"></a></div>\n"
              "  <div class=\"product-card__body\">\n    <h3 class=\"title\"><a href=\"");
    put_path(text, id);
    put(text, "\">");
    put_name(text, id);
    put(text, "</a></h3>\n    <p class=\"price\">$");
    put_fraction(text, cents / 100, cents % 100, true);
    put(text, "</p>\n    <p class=\"rating\" aria-label=\"Rating\">");
    put_fraction(text, tenths / 10, tenths % 10, false);
    put(text, "</p>\n    <p class=\"stock\">");
    put_number(text, (unsigned)(id * 13ull % 40));
    put(text, " in stock</p>\n    <p class=\"teaser\">Made to last, packed by hand and sent within two days.</p>\n"
              "    <ul class=\"tags\"><li>Free returns</li><li>Gift wrap</li></ul>\n"
              "    <form method=\"post\" action=\"/cart\"><button class=\"btn\" name=\"id\" value=\"");
    put_number(text, id);
    put(text, "\">Add to cart</button></form>\n  </div>\n</article>\n");
}

static void put_head(struct text *text, unsigned page) {
    put(text, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>All products, page ");
    put_number(text, page);
    put(text, "</title>\n<link rel=\"stylesheet\" href=\"/static/shop.css\">\n</head>\n<body>\n"
              "<header class=\"site\"><a class=\"logo\" href=\"/\">Bench shop</a><nav><ul>\n");
    for (int noun = 0; noun < 16; noun++) {
        put(text, "<li><a href=\"/products?category=");
        put_lower(text, NOUNS[noun]);
        put(text, "\">");
        put(text, NOUNS[noun]);
        put(text, "</a></li>\n");
    }
    put(text, "</ul></nav></header>\n<main>\n<section class=\"product-grid\">\n");
}

static void put_foot(struct text *text, unsigned page, unsigned last_page) {
    put(text, "</section>\n<nav class=\"pagination\">");
    if (page < last_page) {
        put(text, "<a rel=\"next\" href=\"/products?page=");
        put_number(text, page + 1);
        put(text, "\">Next</a>");
    }
    put(text, "</nav>\n</main>\n<footer><p>Prices include tax.</p></footer>\n<script>/*");
}

void shop_page(char *out, unsigned page, unsigned last_page) {
    static const char end[] = "*/</script>\n</body>\n</html>\n";
    struct text text = {out};
    put_head(&text, page);
    for (unsigned i = 1; i <= PRODUCTS_PER_PAGE; i++) put_card(&text, (page - 1) * PRODUCTS_PER_PAGE + i);
    put_foot(&text, page, last_page);
    size_t used = (size_t)(text.at - out) + sizeof end - 1;
    if (used > PAGE_BYTES) die("a page is larger than its fixed size");
    memset(text.at, '.', PAGE_BYTES - used);
    text.at += PAGE_BYTES - used;
    put(&text, end);
}

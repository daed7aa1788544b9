"""Presets are quiet about what hosts make, and about nothing that people made."""

from __future__ import annotations

import re

import pytest

from handover import presets
from handover.errors import UsageError
from handover.rules import RuleKind, RuleSet
from support import preset_tables

SITES = {
    "wordpress": """
        wp-content/uploads/2024/05/photo.jpg wp-content/uploads/cache/photo.jpg
        wp-content/uploads/elementor/thumbs/a.jpg wp-content/uploads/woocommerce_uploads/book.pdf
        wp-content/plugins/cache/cache.php wp-content/themes/child/style.css wp-content/themes/child/cache/x.css
        wp-content/languages/pl_PL.mo wp-content/upgrades.php wp-content/cached/x wp-content/object-cache.php
        wp-content/mu-plugins/own.php wp-content/backups/site.zip wp-content/uploads/wc-logs.pdf
        shop/wp-config.php robots.txt favicon.ico wp-content/uploads/elementor/custom-icons/logo.svg
        wp-content/uploads/gravity_forms/cv.pdf
        """,
    "prestashop": """
        img/p/1/2/12.jpg img/p/1/2/12-home_default.jpg img/cms/offer.png img/c/3.jpg img/logo.png img/tmp.jpg
        upload/f00ba4 download/8c7dd922ad47494fc02c388e12c00eac modules/ps_banner/img/sale.jpg
        modules/own/cache/x.php themes/child/theme.css themes/child/assets/img/cache.png
        themes/child/templates/index.tpl override/classes/Product.php mails/pl/order_conf.html
        translations/pl-PL/ShopThemeCatalog.pl-PL.xlf pl.php config/themes/child/shop1.json
        admin123/backups/db.sql.bz2 admin123/import/products.csv docs/csv/prices.csv robots.txt
        1_pl_0_sitemap.xml config/xml/themes/child.xml
        """,
    "joomla": """
        images/holiday/beach.jpg images/cache/beach.jpg images/logs/log.png templates/own/index.php
        templates/own/css/user.css media/com_own/files/price.pdf components/com_own/own.php
        modules/mod_own/tmp/x.php plugins/system/cache/own.php language/overrides/pl-PL.override.ini
        administrator/components/com_own/cache/own.php administrator/backups/x.jpa files/offer.pdf cache.php
        tmp.html robots.txt
        """,
    "drupal": """
        sites/default/files/2024-05/photo.jpg sites/default/files/pictures/me.png
        sites/default/files/private/contract.pdf sites/default/files/css.pdf
        sites/default/files/offers/css/print.css sites/default/private/files/css/a.css
        modules/custom/own/own.module modules/custom/own/js/own.js themes/custom/own/css/style.css
        profiles/own/own.profile sites/default/files/config_sync/system.site.yml
        sites/all/modules/own/own.module libraries/ckeditor/config.js sites/default/services.yml robots.txt
        """,
    "laravel": """
        storage/app/public/invoice-1.pdf storage/app/private/cv.pdf storage/app/logs/import.csv
        storage/app/cache/photo.jpg public/uploads/photo.jpg public/css/app.css public/storage/photo.jpg
        app/Models/Order.php resources/views/home.blade.php database/database.sqlite lang/pl.json
        config/cache.php routes/web.php storage/oauth-private.key storage/cache/a.jpg
        """,
    "static": "index.html photos/2024/beach.jpg cache/a.jpg tmp/b.pdf logs/history.html error.html",
    "panel": "mail/acme.example/anna/cur/1:2,S files/offer.pdf logs/2024/access.log.gz",
}
#: Kinds of which a second rule for one pattern could never apply.
QUIET = (RuleKind.IGNORE, RuleKind.MAY_DIFFER, RuleKind.MAY_BE_MISSING, RuleKind.MAY_BE_EXTRA)
EVERYWHERE = """
    .htaccess index.php cgi-bin/mail.pl .well-known/assetlinks.json .well-known/apple-app-site-association error_log.php
    sub/.user.ini sub/php.ini sub/cgi-bin 404.html .htpasswd stats/visits.csv ftpquota
    """


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_hides_nothing_that_people_made(name):
    rules = RuleSet(presets.load(name).rules)
    for path in (SITES[name] + EVERYWHERE).split():
        found = rules.match(path.encode())
        assert found is None or found.kind is RuleKind.MAY_BE_EXTRA, (path, found)


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_gives_a_reason_for_each_rule_and_says_whose_it_is(name):
    preset = presets.load(name)
    assert preset.title
    assert len({rule.pattern for rule in preset.rules if rule.kind in QUIET}) == sum(
        rule.kind in QUIET for rule in preset.rules
    )
    assert {rule.origin for rule in preset.rules} <= {f"preset {name}", "preset panel"}
    assert all(rule.reason for rule in preset.rules)


@pytest.mark.parametrize("name", presets.names())
def test_what_a_preset_says_of_a_site_can_be_looked_for(name):
    preset = presets.load(name)
    rules = RuleSet(preset.rules)
    needs = preset.site.needs if preset.site else ()
    core = preset.site.core_paths() if preset.site else re.compile(b"(?!)")
    for path in (SITES[name] + EVERYWHERE).replace("index.html", "").replace("index.php", "").split():
        assert not core.fullmatch(path.encode()), path
    for path in (*needs, *preset.marks):
        assert path == path.strip("/")
        assert not set(path) & set("*?[]\\")
        found = rules.match(path.encode())
        assert found is None or found.kind is RuleKind.MAY_DIFFER, "what it cannot work without is never ignored"


def test_each_kind_of_site_is_told_by_a_file_that_no_other_has():
    marks = [mark for name in presets.names() for mark in presets.load(name).marks]
    assert len(marks) == len(set(marks))
    assert {name for name in presets.names() if not presets.load(name).marks} == {"static", "panel"}


def test_the_page_of_presets_is_the_one_that_they_give():
    written = preset_tables.PAGE.read_text("utf-8")
    assert written == preset_tables.page(written)


def test_a_preset_cannot_be_a_path():
    for name in ("../presets/static", "static.toml", "", "STATIC", "past/wordpress-1", "wordpress-1"):
        with pytest.raises(UsageError):
            presets.load(name)


# Revisions


def test_rules_of_an_earlier_version_are_found_by_what_they_are():
    newest = presets.load("wordpress")
    (past,) = presets._past("wordpress")
    assert presets.as_recorded(newest, newest.rules) is newest
    assert presets.as_recorded(newest, past.rules) == past
    assert past.rules != newest.rules


def test_rules_that_no_version_had_are_not_taken_for_a_presets():
    newest = presets.load("wordpress")
    (past,) = presets._past("wordpress")
    for rules in ((), past.rules[:-1], (*past.rules, newest.rules[-1])):
        assert presets.as_recorded(newest, rules) is newest

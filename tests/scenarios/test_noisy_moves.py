"""Moves that went well and look as if they had not: they end with exit 0 by preset and suggested rules alone.

In each of them one file that people made is lost on the way. The suggested rules settle everything but that, and it is
named; when it is sent again, by the list that the round leaves, the same rules end with 0.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from handover.rules import RuleKind
from scenarios.test_scenarios import sh
from support import ftp
from support.cli import Result, handover

_HANDLER = """
# php -- BEGIN cPanel-generated handler, do not edit
# Set the “ea-php81” package as the default “PHP” programming language.
<IfModule mime_module>
  AddHandler application/x-httpd-ea-php81 .php .php8 .phtml
</IfModule>
# php -- END cPanel-generated handler, do not edit
"""
_INI = """
# BEGIN cPanel-generated php ini directives, do not edit
<IfModule lsapi_module>
   php_value memory_limit 256M
</IfModule>
# END cPanel-generated php ini directives, do not edit
"""
_REWRITE = "# BEGIN WordPress\nRewriteEngine On\nRewriteRule . /index.php [L]\n# END WordPress\n"
_LOST = "wp-content/uploads/2024/07/IMG_2024072.jpg"


class Case:
    """A case with two folders of this machine, and its rounds."""

    def __init__(
        self, folder: Path, source: Path, target: Path, *, preset: bool, more: str = "", part: str = ""
    ) -> None:
        self.folder, self.source, self.target = folder, source, target
        started = handover("init", folder, "--source", source, "--target", target)
        assert started.code == 0, started.err
        terms = (folder / "handover.yaml").read_text()
        assert "    preset: " in terms
        lines = [line for line in terms.splitlines() if preset or not line.startswith("    preset: ")]
        at = next(number for number, line in enumerate(lines) if line.startswith("max_excluded"))
        lines[at:at] = part.splitlines() + more.splitlines()
        (folder / "handover.yaml").write_text("\n".join(lines) + "\n")

    def round(self, *flags: object) -> Result:
        return handover("run", self.folder, "--json", *flags)

    def suggested(self, number: int) -> Path:
        return self.folder / "rounds" / f"{number:04}" / "rules.suggested.yaml"

    def ends_well_without(self, lost: str, *, kinds: set[str]) -> None:
        """Find what was lost beside all the noise, and nothing else; with it there, the same rules end with 0."""
        first = self.round()
        assert first.code == 1, first.err
        suggested = self.suggested(1)
        text = suggested.read_text()
        assert os.path.basename(lost) not in text
        assert {line.split(":")[0].removeprefix("  - {") for line in text.splitlines() if "{" in line} == kinds, text
        second = self.round("--rules", suggested)
        assert second.code == 1, second.err
        assert named(second, "missing", "changed", "type_changed", "not_checked") == [lost], second.out
        assert not self.suggested(2).exists(), self.suggested(2).read_text()
        sh(
            "rsync -a --from0 --files-from={0} {1}/ {2}/",
            self.folder / "rounds/0002/web.missing.files0", self.source, self.target,
        )  # fmt: skip
        third = self.round("--rules", suggested)
        assert (third.code, third.json["verdict"]) == (0, "complete_as_agreed"), third.out
        assert verified(self.folder / "rounds/0003") == 0

    def is_quiet_but_for(self, lost: str) -> None:
        """As above, with nothing left to suggest: the preset that ``init`` wrote is enough."""
        first = self.round()
        assert first.code == 1, first.err
        assert named(first, "missing", "changed", "type_changed", "not_checked", "metadata") == [lost], first.out
        assert not self.suggested(1).exists(), self.suggested(1).read_text()
        sh("cp {0} {1}", self.source / lost, self.target / lost)
        second = self.round()
        assert second.code == 0, second.out
        assert verified(self.folder / "rounds/0002") == 0


def named(done: Result, *classes: str) -> list[str]:
    """Return the paths of some classes."""
    return [found["path"] for found in done.json["parts"][0]["differences"] if found["class"] in classes]


def verified(bundle: Path) -> int:
    return handover("verify", bundle, "--require", "none").code


def place(folder: Path, path: str, text: str = "") -> Path:
    """Write a file, with the folders that it is in."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text or path)
    return target


def cpanel(site: Path, root: Path) -> Path:
    """Make the site as it lies on a host with cPanel, in use for years."""
    root.parent.mkdir(parents=True)
    sh("cp -a {0} {1}", site, root)
    place(root, ".htaccess", _REWRITE + _HANDLER + _INI)
    place(root, "wp-includes/version.php", "<?php\n$wp_version = '6.1.9';\n")
    place(root, "wp-config.php", "<?php\ndefine('DB_NAME', 'acme_wp1');\ndefine('DB_HOST', 'localhost');\n")
    place(root, ".user.ini", f"open_basedir = {root}\n")
    place(root, "php.ini", "; cPanel-generated php ini directives, do not edit\nmemory_limit = 256M\n")
    for log in ("error_log", "wp-admin/error_log"):
        place(root, log, "[28-Nov-2026 10:00:00 UTC] PHP Notice: …\n" * 50)
    place(root, ".ftpquota", "12044 803112334")
    place(root, ".well-known/acme-challenge/tok3n")
    place(root, ".well-known/pki-validation/9C1F.txt")
    for number in range(20):
        place(root, f"wp-content/cache/supercache/page-{number}/index.html", f"<p>{number}")
    place(root, "wp-content/upgrade/left.tmp")
    place(root, "wp-content/uploads/wc-logs/fatal-errors-2026-11-01.log")
    (root / "cgi-bin").mkdir()
    return root


def configured(root: Path) -> None:
    """Give the site the database of its new host, and let it be visited once."""
    sh("sed -i s/acme_wp1/u81_site/ {0}", root / "wp-config.php")
    place(root, "wp-content/cache/supercache/page-3/index.html", "<p>as of today")
    place(root, "wp-content/cache/supercache/page-x/index.html")


def test_from_cpanel_to_directadmin(site, tmp_path):
    source = cpanel(site, tmp_path / "home/acme/public_html")
    target = tmp_path / "home/u81/domains/acme.example/public_html"
    target.mkdir(parents=True)
    sh(
        "rsync -a --exclude=error_log --exclude=.ftpquota --exclude=/.well-known --exclude=/cgi-bin {0}/ {1}/",
        source,
        target,
    )
    sh("sed -i '/BEGIN cPanel/,/END cPanel/d' {0} && sed -i '${{/^$/d}}' {0}", target / ".htaccess")
    place(target, ".htaccess", _REWRITE)
    place(target, ".user.ini", f"open_basedir = {target}\n")
    for page in ("400", "401", "403", "404", "500"):
        place(target, f"{page}.shtml", "<html>")
    configured(target)
    (target / _LOST).unlink()
    case = Case(tmp_path / "case", source, target, preset=False, part="    require: [no_extra]")
    case.ends_well_without(_LOST, kinds={*RuleKind})


def test_from_cpanel_to_plesk(site, tmp_path):
    source = cpanel(site, tmp_path / "home/acme/public_html")
    target = tmp_path / "var/www/vhosts/acme.example/httpdocs"
    place(source, ".htaccess", f"AuthUserFile {source}/.htpasswd\n{_REWRITE}{_HANDLER}{_INI}")
    place(source, "wordfence-waf.php", f"<?php\ndefine('WFWAF_LOG_PATH', '{source}/wp-content/wflogs/');\n")
    place(source, "wp-content/plugins/shop/paths.php", f"<?php\n$base = '{source}';\n$log = '{source}/shop.txt';\n")
    target.mkdir(parents=True)
    sh("tar -C {0} --exclude=error_log --exclude=.ftpquota -cf - . | tar -C {1} -xf -", source, target)
    place(target, ".htaccess", f"AuthUserFile {target}/.htpasswd\n{_REWRITE}")
    place(target, "plesk-stat/webstat/index.html")
    sh("sed -i s#{0}#{1}#g {2} {3} {4}", source, target, *(
        target / name for name in ("wordfence-waf.php", "wp-content/plugins/shop/paths.php", ".user.ini")
    ))  # fmt: skip
    configured(target)
    (target / _LOST).unlink()
    Case(tmp_path / "case", source, target, preset=True).ends_well_without(_LOST, kinds={"equal_after"})


def test_by_ftp_without_times_and_modes(site, tmp_path):
    source = cpanel(site, tmp_path / "home/acme/public_html")
    target = tmp_path / "home/u81/public_html"
    target.mkdir(parents=True)
    sh("rm -r {0}", source / "wp-content/plugins/shop/current")  # a link, which FTP does not know
    with ftp.served(target) as client:
        ftp.upload(source, client)
    configured(target)
    assert (target / "index.php").stat().st_mtime > (source / "index.php").stat().st_mtime
    (target / _LOST).unlink()
    Case(tmp_path / "case", source, target, preset=True).is_quiet_but_for(_LOST)


def test_a_search_and_replace_of_path_and_domain(site, tmp_path):
    source = tmp_path / "var/www/vhosts/acme-staging.example/httpdocs"
    target = tmp_path / "var/www/vhosts/acme.example/httpdocs"
    for folder in (source, target):
        folder.parent.mkdir(parents=True)
    sh("cp -a {0} {1}", site, source)
    place(source, "wp-includes/version.php")
    for number, path in enumerate(
        ("wp-config.php", "wp-content/plugins/shop/shop.php", "wp-content/themes/own/style.css", "robots.txt",
         "wp-content/themes/own/functions.php", "wp-content/uploads/2024/menu.json", ".htaccess", "sitemap.xml")
    ):  # fmt: skip
        place(
            source, path, f"{source}\n" * number + "https://www.acme-staging.example/shop/\n" * (9 - number) + "end\n"
        )
    sh("cp -a {0} {1}", source, target)
    sh(
        "grep -rlI acme-staging {0} | xargs sed -i 's#{1}#{2}#g; s#acme-staging.example#acme.example#g'",
        target,
        source,
        target,
    )
    (target / _LOST).unlink()
    Case(tmp_path / "case", source, target, preset=True).ends_well_without(_LOST, kinds={"equal_after"})


def test_a_live_shop(tmp_path):
    source, target = tmp_path / "home/old/shop", tmp_path / "home/new/shop"
    for folder in (source, target):
        folder.parent.mkdir(parents=True)
    shop(source)
    sh("find {0} -exec touch -h -d '2 hours ago' {{}} +", source)
    sh("cp -a {0} {1}", source, target)
    cutover = datetime.now(UTC) - timedelta(hours=1)
    place(target, "app/config/parameters.php", "<?php // database of the new host\n")
    shutil.rmtree(target / "var/cache")
    for number in range(30):
        place(target, f"var/cache/prod/smarty/compile/{number}.php", f"<?php // {number} compiled anew")
        place(target, f"var/sessions/prod/sess_{number:026}")
        place(target, f"img/tmp/product_mini_{number}.jpg")
    place(target, ".htaccess", (target / ".htaccess").read_text().replace("/home/old", "/home/new"))
    place(target, "upload/f3b0c44298fc1c14", "a picture that a buyer sent after the move")
    place(target, "img/p/9/99.jpg", "a product of today")
    place(target, "1_index_sitemap.xml", "<sitemap>as of today, and longer than before</sitemap>")
    place(target, "modules/ps_stats/data.bin", "0123456789 visits and more than there were before")
    # The old shop was still open when the copy was done: what a buyer sent there is a loss, however new it is.
    place(source, "upload/9afbf4c8996fb924", "a picture that a buyer sent to the old shop")
    case = Case(
        tmp_path / "case", source, target, preset=True, part="    require: [no_extra]",
        more=f"dates: {{cutover_at: {cutover.replace(tzinfo=None, microsecond=0).isoformat()}}}",
    )  # fmt: skip
    terms = case.folder / "handover.yaml"
    lines = ["timezone: UTC" if line.startswith("timezone: ") else line for line in terms.read_text().splitlines()]
    terms.write_text("\n".join(lines) + "\n")
    case.ends_well_without("upload/9afbf4c8996fb924", kinds={"may_differ", "may_be_extra"})


def shop(root: Path) -> None:
    """Make a shop like PrestaShop 8, with its products."""
    for folder in ("classes", "controllers/front", "src/Core", "vendor/symfony", "js/jquery", "modules/ps_banner"):
        for number in range(40):
            place(root, f"{folder}/Part{number}.php", f"<?php class {folder.replace('/', '_')}{number} {{}}\n" * 9)
    for path in (
        "classes/PrestaShopAutoload.php",
        "config/config.inc.php",
        "index.php",
        "init.php",
        "modules/ps_stats/data.bin",
    ):
        place(root, path)
    place(root, "app/config/parameters.php", "<?php // database of the old host\n")
    place(root, "1_index_sitemap.xml", "<sitemap>as it was</sitemap>")
    place(
        root,
        ".htaccess",
        "# ~~start~~ Do not remove this comment\n/home/old/shop\n# ~~end~~ Do not remove this comment\n",
    )
    for number in range(60):
        place(root, f"img/p/{number % 10}/{number}.jpg", f"picture {number}" * 400)
        place(root, f"var/cache/prod/smarty/compile/{number}.php", f"<?php // {number} compiled")
    for number in range(10):
        place(root, f"var/sessions/prod/sess_{number}old")
        place(root, f"upload/{number}")
        place(root, f"themes/child/assets/cache/theme-{number}.css")

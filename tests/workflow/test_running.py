"""What a case may name and this version cannot do is refused, never replaced by something else."""

from __future__ import annotations

import pytest

from support.cli import handover

TERMS = """\
handover: 1
id: {id}
case: "a case"
parts:
  - name: web
    source: {{location: "ssh://me@old.example/www", {way}}}
    target: {{location: "{target}"}}
"""


@pytest.mark.parametrize("way", ["route: ftp", "route: sh", "transport: openssh"])
def test_a_way_of_reading_that_is_not_there_is_refused_before_anything_is_reached(tmp_path, way):
    (tmp_path / "handover.yaml").write_text(TERMS.format(id="0" * 32, way=way, target=tmp_path))
    done = handover("run", tmp_path)
    assert done.code == 2, done.err
    assert way.replace(": ", " ") in done.err
    assert not (tmp_path / "rounds" / "0001").exists()

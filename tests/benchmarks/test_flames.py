"""Pictures of where the time goes, drawn from sampled stacks."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from benchmarks.flames import drawn, tree

STACKS = """\
<module> (twistd:33);ReactorBase.mainLoop (twisted/internet/base.py:697);parse (argoproxy/wire/json.py:40) 30
<module> (twistd:33);ReactorBase.mainLoop (twisted/internet/base.py:698);parse (argoproxy/wire/json.py:41) 10
<module> (twistd:33);ReactorBase.mainLoop (twisted/internet/base.py:697);send <&> (x.py:1) 60
<module> (twistd:33);Condition.wait (threading.py:9) 500
"""


def test_lines_of_a_function_are_one_frame_and_only_the_loop_counts() -> None:
    root = tree(STACKS)
    assert root.samples == 100
    [loop] = root.called.values()
    assert {frame.name: frame.samples for frame in loop.called.values()} == {
        "parse (argoproxy/wire/json.py)": 40,
        "send <&> (x.py)": 60,
    }


def test_a_frame_is_as_wide_as_its_share_and_stands_within_its_caller() -> None:
    picture = ElementTree.fromstring(drawn(tree(STACKS), "before & after"))
    boxes = {}
    for group in picture.iter("{http://www.w3.org/2000/svg}g"):
        title, rect = group[0].text or "", group[1]
        boxes[re.sub(r" \(.*", "", title)] = (float(rect.attrib["x"]), float(rect.attrib["width"]))
    assert boxes["all: 100.0 %"] == boxes["ReactorBase.mainLoop"] == (0.0, 1200.0)
    assert boxes["send <&>"] == (0.0, 720.0)
    assert boxes["parse"] == (720.0, 480.0)


def test_nothing_sampled_is_an_empty_picture() -> None:
    assert len(list(ElementTree.fromstring(drawn(tree(""), "none")))) == 2

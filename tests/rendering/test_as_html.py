from bot.rendering.html import parse_page, to_html
from bot.rendering.messages import Message
from bot.rendering.packing import pack


def test_entities_become_tags_again():
    link = '<a href="https://a.example/?x=1&amp;y=2">c</a>'
    html = f"<blockquote>𝔘 <b>a <i>b</i></b>{link} &lt;</blockquote>"

    (message,) = pack(parse_page(html).blocks)

    assert to_html(message) == html


def test_plain_text_is_escaped():
    assert to_html(Message("a < b & c")) == "a &lt; b &amp; c"

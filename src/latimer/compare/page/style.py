"""The style sheet: light and dark, wide and narrow, on paper; system fonts only."""

from __future__ import annotations

_LIGHT = {
    "page": "#fbfbfa", "raised": "#ffffff", "ink": "#1b1f24", "soft": "#57606a",
    "faint": "#d5d9de", "line": "#e6e8eb", "accent": "#0b5cad", "note": "#fff8e6",
    "note-edge": "#d99a1c", "good": "#116329", "good-fill": "#dcf3e2", "bad": "#a3201d",
    "bad-fill": "#fdeceb", "bar": "#c7ddf3",
}  # fmt: skip
_DARK = {
    "page": "#14171b", "raised": "#1b1f25", "ink": "#e7eaee", "soft": "#a1aab5",
    "faint": "#3d454f", "line": "#2b3139", "accent": "#79b8ff", "note": "#2b2414",
    "note-edge": "#c8922b", "good": "#86e29b", "good-fill": "#14331f", "bad": "#ffa39e",
    "bad-fill": "#3d1c1d", "bar": "#22466b",
}  # fmt: skip
_LINES = {
    "light": (
        "#0b62a8", "#c2410c", "#15803d", "#7e22ce", "#b3155f", "#0e7490", "#8f6200", "#4b5a6b",
    ),
    "dark": (
        "#6cb6ff", "#ff9f5a", "#5fd38a", "#c79bff", "#ff8fb8", "#4fd1e0", "#e6c35c", "#a9b8cc",
    ),
}  # fmt: skip

_RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
 font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:68rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .35rem;letter-spacing:-.015em;text-wrap:balance;
 overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.3;margin:3rem 0 .4rem;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.6rem 0 .4rem;overflow-wrap:anywhere}
p{margin:.4rem 0 .8rem;max-width:46rem}
.lead,.sub{color:var(--soft)}
.sub{margin:0}
nav{margin-top:1.2rem}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;margin:0;padding:0}
a{color:var(--accent);text-underline-offset:.15em}
.note{background:var(--note);border-left:4px solid var(--note-edge);border-radius:0 6px 6px 0;
 padding:.7rem 1rem;margin:1.2rem 0;max-width:48rem}
.note p{margin:.3rem 0}
.frame{overflow-x:auto;background:var(--raised);border:1px solid var(--line);border-radius:8px;
 margin:.8rem 0;width:fit-content;max-width:100%}
.frame:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{width:max-content;border-collapse:collapse;font-size:.925rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.7rem .9rem .2rem;font-weight:600;position:sticky;left:0}
th,td{padding:.42rem .9rem;text-align:left;border-top:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:600;border-top:0;vertical-align:bottom;font-size:.85rem;
 white-space:nowrap}
tbody th{font-weight:600;position:sticky;left:0;background:var(--raised);overflow-wrap:anywhere;
 min-width:6rem;max-width:15rem}
.figure{text-align:right;white-space:nowrap}
.none{color:var(--faint)}
small{display:block;color:var(--soft);font-size:.82em;font-weight:400}
.unclear td,.unclear th{color:var(--soft);font-weight:400}
.better{background:var(--good-fill);color:var(--good)}
.worse{background:var(--bad-fill);color:var(--bad)}
td.level{color:var(--soft)}
.square thead th{white-space:normal;overflow-wrap:anywhere;min-width:5rem;max-width:8rem}
.plain tbody th{font-weight:400;max-width:none}
.plain th,.plain td{padding-top:.28rem;padding-bottom:.28rem}
.span{width:9rem;height:1.1rem;display:block;margin:.15rem 0;overflow:visible}
.span .track{stroke:var(--line);stroke-width:1}
.span .bounds{stroke:var(--accent);stroke-width:2}
.span .point{fill:var(--accent)}
details{margin:.8rem 0}
summary{cursor:pointer;color:var(--accent);font-weight:600;width:fit-content}
figure{margin:1rem 0}
figcaption{font-weight:600}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:.4rem 0;
 font-size:.9rem}
.key li{display:flex;align-items:center;gap:.4rem;min-width:0;overflow-wrap:anywhere}
.key svg{flex:none}
.chart{display:block;width:100%;max-width:760px;height:auto}
.narrow{display:none}
.chart text{font-size:12.5px;fill:var(--soft)}
.chart .axis{font-weight:600}
.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:var(--line);stroke-width:1}
.line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
.mark{fill:currentColor;stroke:var(--page);stroke-width:1}
.columns{display:grid;
 grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:0 1.5rem}
.columns>*{min-width:0}
.columns .frame,.columns table{width:100%}
.sentences{list-style:none;padding:0;margin:.8rem 0;display:grid;gap:.9rem}
.sentences>li{background:var(--raised);border:1px solid var(--line);border-radius:8px;
 padding:.7rem 1rem;min-width:0}
.sentences dl{display:grid;grid-template-columns:11rem minmax(0,1fr);gap:.25rem 1rem;
 margin:0}
.sentences small{display:inline}
.sentences dt{color:var(--soft);font-size:.86rem;padding-top:.1rem;overflow-wrap:anywhere}
.sentences dd{margin:0;overflow-wrap:anywhere}
.sentences .line-number{color:var(--soft);font-size:.82rem;margin:0 0 .3rem}
ins{background:var(--good-fill);color:var(--good);text-decoration:none;font-weight:600;
 border-radius:3px;padding:.05em .2em;margin:0 -.1em}
mark{background:var(--bad-fill);color:var(--bad);text-decoration:underline dotted;
 text-underline-offset:.2em;border-radius:3px;padding:.05em .2em;margin:0 -.1em}
footer{border-top:1px solid var(--line);margin-top:3rem;padding-top:1rem;padding-bottom:3rem;
 color:var(--soft);font-size:.88rem}
footer code{overflow-wrap:anywhere}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (max-width:640px){
 main,header,footer{padding-left:1rem;padding-right:1rem}
 header{padding-top:1.5rem}
 h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.3rem}
 th,td{padding:.4rem .6rem}
 tbody th{min-width:6.9rem;max-width:8.5rem}
 .wide{display:none}.narrow{display:block}
 .sentences dl{grid-template-columns:1fr;gap:.05rem}
 .sentences dd{margin-bottom:.45rem}
}
@media print{.frame{overflow:visible}nav{display:none}}
"""


def style() -> str:
    """The whole style sheet."""
    dark = _variables(_DARK, "dark")
    lines = "".join(f".colour{k}{{color:var(--line{k})}}" for k in range(len(_LINES["light"])))
    return (
        f":root{{color-scheme:light dark;{_variables(_LIGHT, 'light')}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}{_RULES}{lines}"
    )


def _variables(colours: dict[str, str], scheme: str) -> str:
    own = [f"--{name}:{value}" for name, value in colours.items()]
    return ";".join([*own, *(f"--line{k}:{value}" for k, value in enumerate(_LINES[scheme]))])

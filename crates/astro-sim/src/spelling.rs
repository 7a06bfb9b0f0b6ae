//! How URLs and forms spell text: percent escapes and pairs.
//! It must not know requests, nor what any name means.

/// What a plus sign means in encoded text.
#[derive(Clone, Copy, Debug)]
pub enum Plus {
    /// Itself, as in a path.
    Kept,
    /// A blank, as in a query.
    Blank,
}

/// Returns names and values of a query or a form, decoded, in order.
pub fn parse_pairs(query: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(name, Plus::Blank), decode(value, Plus::Blank))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// Resolves percent escapes; a malformed one stays as it is and bytes that are no UTF-8 are replaced.
pub fn decode(text: &str, plus: Plus) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = if first == b'%' { after.get(..2) } else { None };
        let escape = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        rest = after;
        match (escape, plus) {
            (Some(byte), _) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (None, Plus::Blank) if first == b'+' => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Escapes everything in a query's value that is not a plain letter, digit or one of `-._~`.
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

//! `${NAME}` in a text stands for the value of a variable; `$${` for `${` itself. There is nothing else: no default values,
//! no commands. It reads no environment.

/// Returns the text with the variables' values in place. What is put in is not looked through again.
///
/// # Errors
/// The name of a variable that `value` does not know, or the place in the text that is no such reference. It holds no value.
pub fn substituted(text: &str, value: &dyn Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            whole.push_str(before);
            whole.push_str("${");
            rest = after;
            continue;
        }
        whole.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            return Err("`${` has no `}`; write `$${` for the characters themselves".to_owned());
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty()
            || name.len() > 255
            || !name.bytes().all(plain)
            || name.starts_with(|first: char| first.is_ascii_digit())
        {
            return Err("`${…}` holds no name of a variable; write `$${` for the characters themselves".to_owned());
        }
        whole.push_str(&value(name)?);
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_values_once() {
        let value = |name: &str| match name {
            "A" => Ok("one".to_owned()),
            "B_2" => Ok("${A}".to_owned()),
            _ => Err(format!("there is no {name}")),
        };
        for (text, expected) in [
            ("", Ok("")),
            ("plain $A $ {A}", Ok("plain $A $ {A}")),
            ("${A}-${A}", Ok("one-one")),
            ("${B_2}", Ok("${A}")),
            ("$${A} ${A}", Ok("${A} one")),
            ("${C}", Err("there is no C")),
            ("${A", Err("`${` has no `}`; write `$${` for the characters themselves")),
            ("${A:-x}", Err("`${…}` holds no name of a variable; write `$${` for the characters themselves")),
            ("${}", Err("`${…}` holds no name of a variable; write `$${` for the characters themselves")),
        ] {
            assert_eq!(substituted(text, &value), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }
}

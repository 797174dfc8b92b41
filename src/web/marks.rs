//! What is wrong with a form, beside its fields and above them.

use crate::error::Violations;
use crate::pages::fields::Field;
use crate::words;

/// Writes beside each field what is wrong with it, and gives what stands above the form: a link to each.
pub(super) fn mark(fields: &mut [Field], wrong: &Violations, field: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for broken in &wrong.named {
        let name = field(&broken.pointer);
        let said = capital(&words::page_rule(&broken.rule));
        let mut target = "main".to_owned();
        if let Some(field) = fields.iter_mut().find(|field| field.name == name) {
            target = field.target();
            field.wrong.get_or_insert_with(|| said.clone());
        }
        all.push((target, said));
    }
    all
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

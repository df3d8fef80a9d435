//! A training's settings: a preset, then a file, then what the command line says.

use std::collections::BTreeMap;
use std::path::Path;

use ddsp::train::{BudgetConfig, Preset, ReverbKind, TrainConfig};
use ddsp_io::dataset::DatasetInfo;
use toml::{Table, Value};

use super::gin::{self, FromGin};
use crate::args::TrainArgs;
use crate::failure::{Cause, Failure};

/// What is asked for: settings, and the model that a gin file describes. A model to start from may have a room of `room_s`.
pub(super) fn resolve(
    args: &TrainArgs,
    info: &DatasetInfo,
    room_s: Option<f64>,
) -> Result<FromGin, Failure> {
    let is_gin = |path: &&Path| path.is_dir() || path.extension().is_some_and(|e| e == "gin");
    if let Some(path) = args.config.as_deref().filter(is_gin) {
        if args.preset.is_some() {
            return Err(usage(
                "--preset: a gin file is a recipe of its own: leave one of them out".to_owned(),
            ));
        }
        let FromGin { config, model, notices } = gin::read(path, info)?;
        let config = changed(config, None, args)?;
        return Ok(FromGin { config, model, notices });
    }
    let from_file = args.config.as_deref().map(read).transpose()?;
    let preset = match (&args.preset, &from_file) {
        (Some(name), _) => *name,
        (None, Some(table)) => named_preset(table)?,
        (None, None) => Preset::default(),
    };
    let plain = preset.config(info.sample_rate, info.frame_rate);
    let is_ours = preset == Preset::Instrument;
    if let Some(room_s) = room_s.filter(|_| is_ours) {
        let config = changed(plain.in_room(room_s), from_file, args)?;
        return Ok(FromGin { config, model: None, notices: Vec::new() });
    }
    let room = info.reverberation.filter(|_| is_ours && args.from.is_none());
    let config = changed(plain.clone(), from_file.clone(), args)?;
    let (config, notices) = match room {
        None => (config, Vec::new()),
        Some(room) if config.model.reverb == ReverbKind::None => {
            let notice = format!(
                "the recordings ring for about {:.1} s, and the instrument will sound as if it did",
                room.decay_s
            );
            (config, vec![notice])
        }
        Some(room) => (changed(plain.in_room(room.decay_s), from_file, args)?, Vec::new()),
    };
    Ok(FromGin { config, model: None, notices })
}

/// Settings with what a file and the command line change.
fn changed(
    config: TrainConfig,
    from_file: Option<Table>,
    args: &TrainArgs,
) -> Result<TrainConfig, Failure> {
    let preset = config.preset;
    let mut value = Value::try_from(&config).expect("settings are plain TOML");
    if let Some(table) = from_file {
        merge(&mut value, Value::Table(table), "")?;
    }
    for set in &args.set {
        let (key, text) = set.split_once('=').ok_or_else(|| {
            usage(format!("--set {set}: expected KEY=VALUE, as optimizer.learning_rate=1e-3"))
        })?;
        merge(&mut value, nested(key.trim(), parsed(text.trim())), "")?;
    }
    let mut config: TrainConfig =
        value.try_into().map_err(|e| usage(format!("a setting cannot be used: {e}")))?;
    config.preset = preset;
    if let Some(steps) = args.steps {
        config.budget = BudgetConfig { steps, minutes: 0.0 };
    }
    if let Some(minutes) = args.minutes {
        config.budget = BudgetConfig { steps: 0, minutes };
    }
    if let Some(batch_size) = args.batch_size {
        config.data.batch_size = batch_size;
    }
    if let Some(seed) = args.seed {
        config.seed = seed;
    }
    config.validate().map_err(super::unusable)?;
    Ok(config)
}

fn usage(sentence: String) -> Failure {
    Failure::new(Cause::Usage, sentence)
}

fn read(path: &Path) -> Result<Table, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Failure::file(Cause::Usage, path, format!("the settings cannot be read: {e}"))
    })?;
    text.parse().map_err(|e: toml::de::Error| {
        Failure::file(
            Cause::Usage,
            path,
            format!("expected settings as TOML, found {}", e.message()),
        )
    })
}

fn named_preset(table: &Table) -> Result<Preset, Failure> {
    match table.get("preset") {
        None => Ok(Preset::default()),
        Some(Value::String(name)) => name.parse().map_err(|e| usage(format!("preset: {e}"))),
        Some(other) => Err(usage(format!("preset: expected a name, found {other}"))),
    }
}

/// The value of a word: as TOML has it, else text.
fn parsed(text: &str) -> Value {
    let table: Option<Table> = format!("value = {text}").parse().ok();
    let value = table.and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// `a.b` as a table in a table.
fn nested(key: &str, value: Value) -> Value {
    let wrap = |value, part: &str| Value::Table(Table::from_iter([(part.to_owned(), value)]));
    key.rsplit('.').fold(value, wrap)
}

/// Puts values in the place of those of the same name; all of them are there already.
fn merge(into: &mut Value, from: Value, path: &str) -> Result<(), Failure> {
    match (into, from) {
        (Value::Table(into), Value::Table(from)) => {
            for (key, value) in from {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let Some(place) = into.get_mut(&key) else {
                    let known: Vec<&str> = into.keys().map(String::as_str).collect();
                    let sentence =
                        format!("{path}: there is no such setting; there are {}", known.join(", "));
                    return Err(usage(sentence));
                };
                merge(place, value, &path)?;
            }
        }
        // 1 is as good as 1.0.
        (place @ Value::Float(_), Value::Integer(n)) => *place = Value::Float(n as f64),
        (place, value) if place.same_type(&value) => *place = value,
        (place, value) => {
            let sentence = format!("{path}: expected a value like {place}, found {value}");
            return Err(usage(sentence));
        }
    }
    Ok(())
}

/// The settings as a file.
pub(super) fn to_toml(config: &TrainConfig) -> String {
    toml::to_string_pretty(config).expect("settings are plain TOML")
}

/// Where two configurations differ, a line each.
pub(super) fn differences(before: &TrainConfig, now: &TrainConfig) -> Vec<String> {
    let flat = |config: &TrainConfig| {
        let mut all = BTreeMap::new();
        flatten(&Value::try_from(config).expect("settings are plain TOML"), "", &mut all);
        all
    };
    let (before, now) = (flat(before), flat(now));
    let differs = |(key, was): (&String, &String)| {
        let is = now.get(key)?;
        (is != was).then(|| format!("{key} was {was} and would be {is}"))
    };
    before.iter().filter_map(differs).collect()
}

fn flatten(value: &Value, path: &str, all: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(value, &path, all);
            }
        }
        other => {
            all.insert(path.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_merged_by_name_and_wrong_ones_are_named() {
        let config = Preset::Tiny.config(16_000, 250);
        let mut value = Value::try_from(&config).unwrap();
        merge(&mut value, nested("optimizer.learning_rate", parsed("1")), "").unwrap();
        merge(&mut value, nested("model.reverb", parsed("learned")), "").unwrap();
        let changed: TrainConfig = value.clone().try_into().unwrap();
        let said = differences(&config, &changed);
        assert_eq!(
            said,
            [
                "model.reverb was \"none\" and would be \"learned\"",
                "optimizer.learning_rate was 0.0003 and would be 1.0"
            ]
        );
        let wrong = |key: &str, text: &str| {
            merge(&mut value.clone(), nested(key, parsed(text)), "").unwrap_err().to_string()
        };
        assert!(wrong("optimizer.rate", "1").contains("learning_rate"));
        assert!(wrong("data.batch_size", "many").contains("expected a value like 16"));
    }

    #[test]
    fn a_file_of_settings_is_read_back() {
        for preset in Preset::ALL {
            let config = preset.config(48_000, 250);
            let table: Table = to_toml(&config).parse().unwrap();
            let read: TrainConfig = Value::Table(table).try_into().unwrap();
            assert_eq!(read, config);
        }
    }
}

//! An earlier BoM as the base.

use serde_json::Value;

use super::BasePackage;
use crate::model::{CapabilityKind, CapabilitySet, Ecosystem};

/// Reads the packages of a CycloneDX BoM that bomvet wrote. The caller has verified the BoM.
///
/// # Errors
/// What is not as bomvet writes it, in one line.
pub fn packages(bom: &Value) -> Result<Vec<BasePackage>, String> {
    if bom["bomFormat"] != "CycloneDX" {
        return Err("not a CycloneDX BoM in JSON".to_owned());
    }
    let components = bom["components"].as_array().ok_or("the BoM has no `components`")?;
    let mut out = components.iter().map(package).collect::<Result<Vec<_>, _>>()?;
    out.sort();
    Ok(out)
}

fn package(component: &Value) -> Result<BasePackage, String> {
    let text = |key: &str| component[key].as_str().unwrap_or_default().to_owned();
    let purl = text("purl");
    let ecosystem = match purl.split('/').next() {
        Some("pkg:cargo") => Ecosystem::Cargo,
        Some("pkg:npm") => Ecosystem::Npm,
        _ => return Err(format!("component `{}` has no purl that bomvet wrote", text("bom-ref"))),
    };
    let properties: Vec<(&str, &str)> = component["properties"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|property| Some((property["name"].as_str()?, property["value"].as_str()?)))
        .collect();
    let all = |name: &str| -> Vec<&str> {
        properties.iter().filter(|(key, _)| *key == name).map(|(_, value)| *value).collect()
    };
    if all("bomvet:verdict").len() != 1 {
        return Err(format!("component `{purl}` has no verdict; is this a BoM of bomvet's?"));
    }
    let capabilities: CapabilitySet = all("bomvet:capability")
        .into_iter()
        .filter_map(|text| {
            serde_json::from_str::<Value>(text).ok()?["kind"].as_str().and_then(CapabilityKind::parse)
        })
        .collect();
    let name = match component["group"].as_str() {
        Some(group) if !group.is_empty() => format!("{group}/{}", text("name")),
        _ => text("name"),
    };
    let integrity = component["hashes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|hash| {
            let algorithm = hash["alg"].as_str()?.to_ascii_lowercase().replace('-', "");
            Some(format!("{algorithm}:{}", hash["content"].as_str()?))
        })
        .collect();
    Ok(BasePackage {
        ecosystem,
        name,
        version: text("version"),
        first_party: all("bomvet:contents") == ["first-party"],
        source: None,
        integrity,
        capabilities: Some(capabilities),
        install_scripts: Some(all("bomvet:install-script").into_iter().map(str::to_owned).collect()),
        purl,
    })
}

//! Writes `fuzz/seeds`: one small, valid input or two for each target.
//!
//!     cargo run --manifest-path fuzz/Cargo.toml --bin make_seeds

use std::path::Path;

use ddsp_io::import::import;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = root.join("seeds").join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), bytes)
    };
    let folder = ddsp_fuzz::folder();
    let read = |name: &str| std::fs::read(folder.join(name));
    let (index, data) = (read("ckpt-7.index")?, read("ckpt-7.data-00000-of-00001")?);
    let n = u32::try_from(index.len()).expect("a tiny index");
    write("bundle", "tiny", &[&n.to_le_bytes()[..], &index, &data].concat())?;
    let gin = read("operative_config-0.gin")?;
    write("gin", "tiny", &gin)?;
    let wordy = b"import ddsp\na/m.Class.p = 1\nn/macro.value = -2.5e-3\nClass:\n  q = [(1, 'x'), {'k': None}]\nk = @s/C()";
    write("gin", "every_statement", wordy)?;
    let golden = root.join("../golden/statistics");
    for name in ["magenta1_protocol2", "magenta3_protocol4"] {
        write("pickle", name, &std::fs::read(golden.join(format!("{name}.pkl")))?)?;
    }
    let model = import(folder).expect("the tiny checkpoint imports").model;
    write("model_file", "tiny", &model.to_bytes())?;
    let description = serde_json::to_vec(model.config()).expect("a description is plain JSON");
    write("model_file", "description", &description)?;
    write("csv", "with_header", b"time_s,f0_hz\n0.000,0.0\n0.004,220.5\n0.008,221\n")?;
    write("csv", "without", b"\xef\xbb\xbf0, 0, 0.1\r\n1e-3, 440, 0.9\r\n")?;
    let records = root.join("../golden/tfrecord/tiny.tfrecord-00000-of-00001");
    write("dataset", "tiny", &std::fs::read(records)?)?;
    std::fs::remove_dir_all(folder)
}

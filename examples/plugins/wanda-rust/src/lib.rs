//! Wanda (arXiv 2306.11695) as a Lathe plugin: pruning by weights and activations.
//!
//! The score of a weight is `|w_ij| ||x_j||_2`, the norm over all calibration tokens, that is the root of the Gram
//! matrix's diagonal. In each row of W, or in each group of `group` columns of it, the share `sparsity` with the
//! lowest scores becomes zero; `sparsity: 0.5, group: 4` is the pattern 2:4. Nothing is retrained.
//!
//! Zeros are stored like other numbers: the folder is as large as before. In a product of factors (after a
//! low-rank stage) the factor that meets the input is pruned and the others stay.

mod host;
mod lathe;
mod prune;

use std::ffi::{c_char, CStr};
use std::mem::size_of;
use std::ptr::{null, null_mut};

use host::*;
use lathe::*;

#[repr(C)]
struct Instance {
    table: lathe_instance, // first, so that a pointer to it is a pointer to the instance
    sparsity: f64,
    group: usize,
}

// -------------------------------------------------------------------------------- phases

unsafe extern "C" fn plan(_: *mut lathe_instance, host: *const lathe_host) -> lathe_status {
    guarded(host, || {
        let calibration: &lathe_host_calibration = table(host, EXT_CALIBRATION)?;
        for (node, info) in selected(host)? {
            if info.block < 0 {
                continue;
            } // outside the blocks there are no statistics
            let request = lathe_stat_request {
                struct_size: size_of::<lathe_stat_request>() as u32,
                kind: STAT_INPUT_GRAM,
                node,
                flags: STAT_FOR_COMPRESS,
                dtype: F64,
                reserved: 0,
                max_rows: 0,
            };
            check((calibration.request)(host, &request), "a Gram matrix could not be requested")?;
        }
        Ok(())
    })
}

unsafe extern "C" fn compress(
    instance: *mut lathe_instance,
    host: *const lathe_host,
    block: i32,
) -> lathe_status {
    guarded(host, || {
        let own = &*instance.cast::<Instance>();
        for (node, info) in selected(host)? {
            if info.block != block || block < 0 {
                continue;
            }
            if ((*host).is_cancelled)(host) != 0 {
                return Err(Failure(ERR_CANCELLED, "cancelled".into()));
            }
            compress_layer(own, host, node, &info).map_err(|failure| {
                let name = CStr::from_ptr(info.name).to_string_lossy();
                Failure(failure.0, format!("{name}: {}", failure.1))
            })?;
        }
        Ok(())
    })
}

/// The shapes stay, and a forecast that replaces nothing says so.
unsafe extern "C" fn forecast(_: *mut lathe_instance, host: *const lathe_host, _: lathe_node) -> lathe_status {
    guarded(host, || Ok(()))
}

// ------------------------------------------------------------------------------- a layer

unsafe fn compress_layer(
    own: &Instance,
    host: *const lathe_host,
    node: lathe_node,
    info: &lathe_node_info,
) -> Result<(), Failure> {
    let graph: &lathe_host_graph = table(host, EXT_GRAPH)?;
    let norms = input_norms(host, node, info)?;
    let mut present = null();
    check((graph.linear)(host, node, &mut present), "the layer could not be read")?;

    // The present form, with other values in factor 0 of each term.
    let mut pruned: Vec<(Owned, lathe_matrix)> = Vec::new();
    let (mut lost, mut total) = (0.0, 0.0);
    for term in terms(&*present) {
        let first = factors(term)[0];
        let mut values = read_dense(host, first)?;
        let report = prune::prune(values.values::<f32>(), &norms, own.sparsity, own.group);
        lost += report.lost;
        total += report.total;
        let matrix = lathe_matrix { values: values.0, ..first.copied() };
        pruned.push((values, matrix));
    }
    let lists: Vec<Vec<*const lathe_matrix>> = terms(&*present)
        .zip(&pruned)
        .map(|(term, (_, matrix))| {
            let mut list: Vec<*const lathe_matrix> =
                factors(term).iter().map(|factor| *factor as *const _).collect();
            list[0] = matrix;
            list
        })
        .collect();
    let new: Vec<lathe_term> = lists
        .iter()
        .map(|list| lathe_term {
            struct_size: size_of::<lathe_term>() as u32,
            factor_count: list.len() as u32,
            factors: list.as_ptr(),
        })
        .collect();
    let pointers: Vec<*const lathe_term> = new.iter().map(|term| term as *const _).collect();
    let form = lathe_linear {
        struct_size: size_of::<lathe_linear>() as u32,
        term_count: pointers.len() as u32,
        terms: pointers.as_ptr(),
        bias: null_mut(), // keeps the old one
    };
    check((graph.replace_linear)(host, node, &form), "the layer could not be replaced")?;
    if let Ok(report) = table::<lathe_host_report>(host, EXT_REPORT) {
        let share = if total > 0.0 { (lost / total as f64).sqrt() } else { 0.0 };
        (report.metric)(host, node, c"score_lost".as_ptr(), share);
    }
    Ok(())
}

/// `||x_j||_2` over all calibration tokens.
unsafe fn input_norms(
    host: *const lathe_host,
    node: lathe_node,
    info: &lathe_node_info,
) -> Result<Vec<f64>, Failure> {
    let calibration: &lathe_host_calibration = table(host, EXT_CALIBRATION)?;
    let (mut gram, mut tokens) = (null(), 0);
    check(
        (calibration.stat)(host, node, STAT_INPUT_GRAM, 0, &mut gram, &mut tokens),
        "the Gram matrix could not be read",
    )?;
    let n = info.in_features as usize;
    let values = std::slice::from_raw_parts((*gram).data as *const f64, n * n);
    Ok((0..n).map(|j| values[j * n + j].max(0.0).sqrt()).collect())
}

/// A copy of a dense factor in f32.
unsafe fn read_dense(host: *const lathe_host, matrix: &lathe_matrix) -> Result<Owned, Failure> {
    if matrix.storage != MATRIX_DENSE || matrix.values.is_null() {
        return Err(Failure(
            ERR_UNSUPPORTED,
            "only dense factors can be pruned; prune before quantizing".into(),
        ));
    }
    let mut copy = Owned::zeros(host, F32, matrix.rows, matrix.columns)?;
    copy.values::<f32>().copy_from_slice(&read(matrix.values)?);
    Ok(copy)
}

unsafe fn terms<'a>(form: &'a lathe_linear) -> impl Iterator<Item = &'a lathe_term> {
    std::slice::from_raw_parts(form.terms, form.term_count as usize).iter().map(|term| &**term)
}

unsafe fn factors<'a>(term: &'a lathe_term) -> &'a [&'a lathe_matrix] {
    std::slice::from_raw_parts(term.factors.cast(), term.factor_count as usize)
}

// -------------------------------------------------------------------------- life, tables

unsafe extern "C" fn destroy(instance: *mut lathe_instance) {
    drop(Box::from_raw(instance.cast::<Instance>()));
}

unsafe extern "C" fn create(
    _: *const lathe_strategy,
    host: *const lathe_host,
    out: *mut *mut lathe_instance,
) -> lathe_status {
    guarded(host, || {
        let params: &lathe_host_params = table(host, EXT_PARAMS)?;
        let (mut sparsity, mut group) = (0.0, 0);
        check(
            (params.get_float)(host, c"sparsity".as_ptr(), &mut sparsity),
            "the parameter sparsity could not be read",
        )?;
        check((params.get_int)(host, c"group".as_ptr(), &mut group), "the parameter group could not be read")?;
        let made = Instance {
            table: lathe_instance {
                struct_size: size_of::<lathe_instance>() as u32,
                reserved: 0,
                strategy_data: null_mut(),
                destroy: Some(destroy),
                plan: Some(plan),
                analyze: None,
                allocate: None,
                compress: Some(compress),
                finish: None,
                forecast: Some(forecast),
                get_extension: None,
            },
            sparsity,
            group: group.max(0) as usize,
        };
        *out = Box::into_raw(Box::new(made)).cast();
        Ok(())
    })
}

static SPARSITY: Table<lathe_param> = Table(lathe_param {
    struct_size: size_of::<lathe_param>() as u32,
    r#type: PARAM_FLOAT,
    flags: 0,
    choice_count: 0,
    key: c"sparsity".as_ptr(),
    summary: c"share of the weights that become zero".as_ptr(),
    default_value: c"0.5".as_ptr(),
    minimum: 0.0,
    maximum: 1.0,
    choices: null(),
});
static GROUP: Table<lathe_param> = Table(lathe_param {
    struct_size: size_of::<lathe_param>() as u32,
    r#type: PARAM_INT,
    flags: 0,
    choice_count: 0,
    key: c"group".as_ptr(),
    summary: c"columns among which weights compete: 4 for n:4, 0 for a row".as_ptr(),
    default_value: c"0".as_ptr(),
    minimum: 0.0,
    maximum: 65536.0,
    choices: null(),
});
static PARAMS: Table<[*const lathe_param; 2]> = Table([&SPARSITY.0, &GROUP.0]);
static NEEDS: Table<[*const c_char; 4]> =
    Table([EXT_PARAMS.as_ptr(), EXT_GRAPH.as_ptr(), EXT_CALIBRATION.as_ptr(), null()]);
static USES: Table<[*const c_char; 2]> = Table([EXT_REPORT.as_ptr(), null()]);
static WANDA: Table<lathe_strategy> = Table(lathe_strategy {
    struct_size: size_of::<lathe_strategy>() as u32,
    flags: STRATEGY_BLOCK_PARALLEL,
    id: c"example.wanda".as_ptr(),
    name: c"Wanda".as_ptr(),
    version: c"1.0.0".as_ptr(),
    summary: c"zeros for the weights with the smallest |w| times the norm of their input".as_ptr(),
    reference: c"https://arxiv.org/abs/2306.11695".as_ptr(),
    required_extensions: NEEDS.0.as_ptr(),
    optional_extensions: USES.0.as_ptr(),
    params: PARAMS.0.as_ptr(),
    param_count: 2,
    declared_stats: 1 << STAT_INPUT_GRAM,
    create: Some(create),
});
static STRATEGIES: Table<[*const lathe_strategy; 1]> = Table([&WANDA.0]);
static MODULE: Table<lathe_module> = Table(lathe_module {
    struct_size: size_of::<lathe_module>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    min_host_minor: 0,
    reserved: 0,
    strategy_count: 1,
    strategies: STRATEGIES.0.as_ptr(),
    vendor: c"Lathe examples".as_ptr(),
    license: c"Apache-2.0".as_ptr(),
});

#[no_mangle]
pub extern "C" fn lathe_entry(_: *const lathe_entry_info) -> *const lathe_module {
    &MODULE.0
}

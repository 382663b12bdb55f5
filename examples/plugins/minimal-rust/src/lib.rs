//! A complete Lathe plugin in Rust.
//!
//! Rounds the weights of the selected linears to `bits` significant bits and stores them as before.

mod host;
mod lathe;

use std::ffi::c_char;
use std::mem::size_of;
use std::ptr::{null, null_mut};

use host::*;
use lathe::*;

#[repr(C)]
struct Instance {
    table: lathe_instance, // first, so that a pointer to it is a pointer to the instance
    bits: i64,
}

/// THE METHOD: what becomes of one weight matrix `[out, in]`, row after row. Returns the relative error.
fn round_weights(values: &mut [f32], bits: i64) -> f64 {
    let (mut error, mut total) = (0.0, 0.0);
    for value in values {
        let old = f64::from(*value);
        if old == 0.0 {
            continue;
        }
        let unit = 2f64.powi((old.abs().log2().floor() as i64 + 1 - bits) as i32);
        *value = ((old / unit).round_ties_even() * unit) as f32;
        error += (f64::from(*value) - old).powi(2);
        total += old * old;
    }
    if total > 0.0 {
        (error / total).sqrt()
    } else {
        0.0
    }
}

/// No statistics, no budget.
unsafe extern "C" fn plan(_: *mut lathe_instance, host: *const lathe_host) -> lathe_status {
    guarded(host, || Ok(()))
}

unsafe extern "C" fn compress(
    instance: *mut lathe_instance,
    host: *const lathe_host,
    block: i32,
) -> lathe_status {
    guarded(host, || {
        for (node, info) in selected(host)? {
            if info.block != block || !is_dense(host, node)? {
                continue;
            }
            if ((*host).is_cancelled)(host) != 0 {
                return Err(Failure(ERR_CANCELLED, "cancelled".into()));
            }
            let graph: &lathe_host_graph = table(host, EXT_GRAPH)?;
            let mut weight = Owned(null_mut()); // float32 [out, in]
            check((graph.dense_weight)(host, node, &mut weight.0), "a weight could not be read")?;
            let error = round_weights(weight.values::<f32>(), (*instance.cast::<Instance>()).bits);
            replace(host, node, &info, &weight)?;
            if let Ok(report) = table::<lathe_host_report>(host, EXT_REPORT) {
                (report.metric)(host, node, c"weight_error".as_ptr(), error);
            }
        }
        Ok(())
    })
}

/// Called with a layer in any form, to know sizes before any work. Here shapes never change, and a forecast that
/// replaces nothing says so.
unsafe extern "C" fn forecast(_: *mut lathe_instance, host: *const lathe_host, _: lathe_node) -> lathe_status {
    guarded(host, || Ok(()))
}

/// Whether a layer is one dense matrix. A product or codes, which an earlier stage made, stay as they are here: one
/// dense matrix in their place would undo what that stage saved.
unsafe fn is_dense(host: *const lathe_host, node: lathe_node) -> Result<bool, Failure> {
    let graph: &lathe_host_graph = table(host, EXT_GRAPH)?;
    let mut form = null();
    check((graph.linear)(host, node, &mut form), "a linear could not be read")?;
    let first = &**(*form).terms;
    Ok((*form).term_count == 1 && first.factor_count == 1 && (**first.factors).storage == MATRIX_DENSE)
}

/// Gives the node one dense factor.
unsafe fn replace(
    host: *const lathe_host,
    node: lathe_node,
    info: &lathe_node_info,
    values: &Owned,
) -> Result<(), Failure> {
    let matrix = lathe_matrix {
        struct_size: size_of::<lathe_matrix>() as u32,
        storage: MATRIX_DENSE,
        rows: info.out_features,
        columns: info.in_features,
        values: values.0,
        scales: null_mut(),
        zero_points: null_mut(),
        group_size: 0,
        bits: 0,
        dtype: UNSPECIFIED,
        flags: 0,
        codebook: null_mut(),
    };
    let factors = [&matrix as *const _];
    let term =
        lathe_term { struct_size: size_of::<lathe_term>() as u32, factor_count: 1, factors: factors.as_ptr() };
    let terms = [&term as *const _];
    let form = lathe_linear {
        struct_size: size_of::<lathe_linear>() as u32,
        term_count: 1,
        terms: terms.as_ptr(),
        bias: null_mut(), // keeps the old one
    };
    let graph: &lathe_host_graph = table(host, EXT_GRAPH)?;
    check((graph.replace_linear)(host, node, &form), "a linear could not be replaced")
}

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
        let mut bits = 0;
        check((params.get_int)(host, c"bits".as_ptr(), &mut bits), "the parameter bits could not be read")?;
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
                get_extension: None, // None: phases that are not needed
            },
            bits,
        };
        *out = Box::into_raw(Box::new(made)).cast();
        Ok(())
    })
}

static BITS: Table<lathe_param> = Table(lathe_param {
    struct_size: size_of::<lathe_param>() as u32,
    r#type: PARAM_INT,
    flags: 0,
    choice_count: 0,
    key: c"bits".as_ptr(),
    summary: c"significant bits that a weight keeps".as_ptr(),
    default_value: c"8".as_ptr(),
    minimum: 1.0,
    maximum: 24.0,
    choices: null(),
});
static PARAMS: Table<[*const lathe_param; 1]> = Table([&BITS.0]);
/// The tables without which `create` is not called.
static NEEDS: Table<[*const c_char; 3]> = Table([EXT_PARAMS.as_ptr(), EXT_GRAPH.as_ptr(), null()]);
static USES: Table<[*const c_char; 2]> = Table([EXT_REPORT.as_ptr(), null()]);
static STRATEGY: Table<lathe_strategy> = Table(lathe_strategy {
    struct_size: size_of::<lathe_strategy>() as u32,
    flags: STRATEGY_BLOCK_PARALLEL,
    id: c"example.round-bits".as_ptr(),
    name: c"Round bits".as_ptr(),
    version: c"1.0.0".as_ptr(),
    summary: c"rounds weights to a few significant bits".as_ptr(),
    reference: c"".as_ptr(),
    required_extensions: NEEDS.0.as_ptr(),
    optional_extensions: USES.0.as_ptr(),
    params: PARAMS.0.as_ptr(),
    param_count: 1,
    declared_stats: 0,
    create: Some(create),
});
static STRATEGIES: Table<[*const lathe_strategy; 1]> = Table([&STRATEGY.0]);
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

/* templates.c - the examples themselves are the templates, so the two cannot differ. */
#include "CTemplates.h"

static const char lathe_h[] = {
#embed "../../PluginAPI/Header/include/lathe.h"
};
static const char exports_map[] = {
#embed "../../PluginAPI/Header/exports.map"
};
static const char recipe[] = {
#embed "../../../examples/plugins/minimal-c/recipe.json5"
};
static const char c_source[] = {
#embed "../../../examples/plugins/minimal-c/round_bits.c"
};
static const char c_makefile[] = {
#embed "../../../examples/plugins/minimal-c/Makefile"
};
static const char c_readme[] = {
#embed "../../../examples/plugins/minimal-c/README.md"
};
static const char cpp_source[] = {
#embed "../../../examples/plugins/minimal-cpp/round_bits.cpp"
};
static const char cpp_host[] = {
#embed "../../../examples/plugins/fwsvd-cpp/host.hpp"
};
static const char cpp_makefile[] = {
#embed "../../../examples/plugins/minimal-cpp/Makefile"
};
static const char cpp_readme[] = {
#embed "../../../examples/plugins/minimal-cpp/README.md"
};
static const char rust_source[] = {
#embed "../../../examples/plugins/minimal-rust/src/lib.rs"
};
static const char rust_bindings[] = {
#embed "../../../examples/plugins/wanda-rust/src/lathe.rs"
};
static const char rust_host[] = {
#embed "../../../examples/plugins/wanda-rust/src/host.rs"
};
static const char rust_manifest[] = {
#embed "../../../examples/plugins/minimal-rust/Cargo.toml"
};
static const char rust_readme[] = {
#embed "../../../examples/plugins/minimal-rust/README.md"
};
static const char swift_source[] = {
#embed "../../../examples/plugins/minimal-swift/Sources/RoundBitsPlugin/RoundBitsStrategy.swift"
};
static const char swift_entry[] = {
#embed "../../../examples/plugins/minimal-swift/Sources/RoundBitsPlugin/Entry.swift"
};
static const char swift_manifest[] = {
#embed "../../../examples/plugins/minimal-swift/Package.swift"
};
static const char swift_readme[] = {
#embed "../../../examples/plugins/minimal-swift/README.md"
};

static const char ignore_library[] = "*.so\n";
static const char ignore_target[] = "target/\n";
static const char ignore_build[] = ".build/\n";

#define FILE_AT(language, path, text) {language, path, text, sizeof text}
#define WORDS_AT(language, path, text) {language, path, text, sizeof text - 1}
static const lathe_template files[] = {
    FILE_AT("c", "round_bits.c", c_source),
    FILE_AT("c", "Makefile", c_makefile),
    FILE_AT("c", "README.md", c_readme),
    FILE_AT("c", "recipe.json5", recipe),
    FILE_AT("c", "lathe.h", lathe_h),
    WORDS_AT("c", ".gitignore", ignore_library),

    FILE_AT("cpp", "round_bits.cpp", cpp_source),
    FILE_AT("cpp", "host.hpp", cpp_host),
    FILE_AT("cpp", "exports.map", exports_map),
    FILE_AT("cpp", "Makefile", cpp_makefile),
    FILE_AT("cpp", "README.md", cpp_readme),
    FILE_AT("cpp", "recipe.json5", recipe),
    FILE_AT("cpp", "lathe.h", lathe_h),
    WORDS_AT("cpp", ".gitignore", ignore_library),

    FILE_AT("rust", "src/lib.rs", rust_source),
    FILE_AT("rust", "src/host.rs", rust_host),
    FILE_AT("rust", "src/lathe.rs", rust_bindings),
    FILE_AT("rust", "Cargo.toml", rust_manifest),
    FILE_AT("rust", "README.md", rust_readme),
    FILE_AT("rust", "recipe.json5", recipe),
    WORDS_AT("rust", ".gitignore", ignore_target),

    FILE_AT("swift", "Sources/RoundBitsPlugin/RoundBitsStrategy.swift", swift_source),
    FILE_AT("swift", "Sources/RoundBitsPlugin/Entry.swift", swift_entry),
    FILE_AT("swift", "Package.swift", swift_manifest),
    FILE_AT("swift", "exports.map", exports_map),
    FILE_AT("swift", "README.md", swift_readme),
    FILE_AT("swift", "recipe.json5", recipe),
    WORDS_AT("swift", ".gitignore", ignore_build),
};

const lathe_template *lathe_template_at(size_t index) {
  return index < sizeof files / sizeof *files ? &files[index] : NULL;
}

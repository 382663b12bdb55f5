/* The inner loops that Swift cannot say as fast: one header per family. */
#pragma once
#include "convert.h"
#include "cpu.h"
#include "gradients.h"
#include "rows.h"
#include "sha256.h"
#include "heap.h"

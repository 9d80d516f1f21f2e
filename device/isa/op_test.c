// SPDX-License-Identifier: MIT
/* The opcode table: rows, look-up by number, columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "isa/op.h"
#include "isa/op_id.h"

static void op_every_row_is_found_by_its_number(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < isa_nr_ops; n++) {
		const struct isa_op *op = &isa_ops[n];

		assert_int_equal(op->id, n);
		assert_ptr_equal(isa_op_find(op->enc, op->opcode), op);
	}
}

static void op_numbers_without_row_are_not_found(void **state)
{
	unsigned int found = 0;

	(void)state;
	for (unsigned int enc = 0; enc <= ISA_NR_ENCS; enc++)
		for (unsigned int code = 0; code < 4096; code++)
			found += !!isa_op_find(enc, code);
	assert_int_equal(found, isa_nr_ops);
	assert_null(isa_op_find(ISA_SOP2, 0x7f));
	assert_null(isa_op_find(ISA_VOP3, 0x101));	/* VOP2's, in its long form */
}

static void op_names_differ(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < isa_nr_ops; n++)
		for (unsigned int m = n + 1; m < isa_nr_ops; m++)
			assert_string_not_equal(isa_ops[n].name, isa_ops[m].name);
}

static void op_columns_arrive(void **state)
{
	const struct isa_op *op = isa_op_find(ISA_VOP2, 0x1c);

	(void)state;
	assert_string_equal(op->name, "v_addc_co_u32");
	assert_int_equal(op->shape, ISA_CINOUT);
	assert_int_equal(op->type[3], ISA_MASK);
	op = isa_op_find(ISA_SMEM, 0x0b);
	assert_int_equal(op->count, 8);
	assert_int_equal(op->base, 4);
	op = isa_op_find(ISA_FLAT, 0x4d);
	assert_int_equal(op->segs, 4);
	assert_int_equal(op->id, ISA_OP_flat_atomic_add_f32);
	op = isa_op_find(ISA_SOPP, 0x0c);
	assert_int_equal(op->count, ISA_SOPP_WAITCNT);
}

static void op_ds_units(void **state)
{
	(void)state;
	assert_int_equal(isa_ds_unit(&isa_ops[ISA_OP_ds_read_b128]), 1);
	assert_int_equal(isa_ds_unit(&isa_ops[ISA_OP_ds_read2_b32]), 4);
	assert_int_equal(isa_ds_unit(&isa_ops[ISA_OP_ds_write2_b64]), 8);
	assert_int_equal(isa_ds_unit(&isa_ops[ISA_OP_ds_read2st64_b32]), 256);
	assert_int_equal(isa_ds_unit(&isa_ops[ISA_OP_ds_write2st64_b64]), 512);
	assert_int_equal(isa_ds_unit(&isa_ops[ISA_OP_ds_wrxchg2st64_rtn_b64]), 512);
}

static void op_type_bits(void **state)
{
	(void)state;
	assert_int_equal(isa_type_bits(ISA_NONE), 0);
	assert_int_equal(isa_type_bits(ISA_MASK), 1);
	assert_int_equal(isa_type_bits(ISA_V2F16), 32);
	assert_int_equal(isa_type_bits(ISA_V2F32), 64);
	assert_int_equal(isa_type_bits(ISA_B512), 512);
	assert_int_equal(isa_type_bits(1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(op_every_row_is_found_by_its_number),
		cmocka_unit_test(op_numbers_without_row_are_not_found),
		cmocka_unit_test(op_names_differ),
		cmocka_unit_test(op_columns_arrive),
		cmocka_unit_test(op_ds_units),
		cmocka_unit_test(op_type_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

# SPDX-License-Identifier: MIT
# Replaces what stands between "<!-- gen:NAME -->" and "<!-- gen:end -->" by the
# file NAME in the folder @dir.
/^<!-- gen:end -->$/ { skip = 0 }
!skip { print }
/^<!-- gen:[a-z]+ -->$/ && !/gen:end/ {
	name = $2
	sub("gen:", "", name)
	while ((getline line < (dir "/" name)) > 0)
		print line
	close(dir "/" name)
	skip = 1
}

# What the agreement, the build, the platform's rules and people say about friends' fields. Lists are objects whose members
# are true, so that whether something is in one is a look-up.
package release

# All fields of a friend in one query: input.open are those that the friend has opened.
released contains field if {
  input.purpose == "address-book"
  input.relation == "friend"
  input.now >= 1514764800
  input.now < 1538352000
  data.build.approved
  data.build.purposes[input.purpose]
  data.territory[input.country]
  data.territory[input.parent_country]
  some field, _ in input.open
  data.agreed[field]
  data.declared[field]
  data.granted[field]
  not withheld(field)
}

# One field of a friend.
allow if {
  input.setting_open
  input.grant_open
  input.purpose == "address-book"
  input.relation == "friend"
  input.now >= 1514764800
  input.now < 1538352000
  data.build.approved
  data.build.purposes[input.purpose]
  data.territory[input.country]
  data.territory[input.parent_country]
  data.agreed[input.field]
  data.declared[input.field]
  not withheld(input.field)
}

withheld(field) if data.special[field]

withheld(field) if {
  input.minor
  not data.minors[field]
}

withheld(field) if {
  input.now >= 1525132800
  data.ended[field]
}

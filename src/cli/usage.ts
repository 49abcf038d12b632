export const USAGE = `berth COMMAND

  start                                   serve the registry (the default)
  account create|list|describe|disable|enable
                                          administer accounts
  audit [--follow] [--since 1h] [--principal ARN] …
                                          who did what, and who was refused
  explain --principal ARN --action ACTION --resource ARN
                                          why somebody may or may not do something
  explain --id DECISION                   why a request was refused
  keys rotate                             encrypt every secret under a new master key
  repository create|list|describe|set|delete
                                          administer repositories; --help says how
  import FILE.tar HOST/REPO:TAG           push an image from an archive, - for a pipe
  export HOST/REPO:TAG FILE.tar           write an image as an archive, - for a pipe
  login [HOST], configure, whoami         credentials of this machine, for docker-credential-berth
  help                                    this text

Configuration comes from the environment: see docs/configuration.md.
`;

"""Rules, codecs, retry, tables; touches nothing."""

"""Apache Kafka and Apicurio Registry on 127.0.0.1: started, awaited and stopped by us."""

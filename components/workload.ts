export { ElasticService, type ElasticServiceArgs } from "./workload/elastic-service";

/* artifact_forms.c - the table; names as GitLab's Enums::Ci::JobArtifact has them. */
#include "runner/artifact_forms.h"

static const ArtifactForm forms[] = {
    { ARTIFACT_ARCHIVE, NULL, "zip", "artifacts.zip" },
    { ARTIFACT_METADATA, NULL, "gzip", "metadata.gz" },
    { ARTIFACT_ACCESSIBILITY, "gl-accessibility.json", "raw", "gl-accessibility.json" },
    { ARTIFACT_ANNOTATIONS, "gl-annotations.json", "gzip", "gl-annotations.json.gz" },
    { ARTIFACT_API_FUZZING, "gl-api-fuzzing-report.json", "raw", "gl-api-fuzzing-report.json" },
    { ARTIFACT_BROWSER_PERFORMANCE, "browser-performance.json", "raw", "browser-performance.json" },
    { ARTIFACT_CLUSTER_IMAGE_SCANNING, "gl-cluster-image-scanning-report.json", "raw",
      "gl-cluster-image-scanning-report.json" },
    { ARTIFACT_CLUSTER_APPLICATIONS, "gl-cluster-applications.json", "gzip",
      "gl-cluster-applications.json.gz" },
    { ARTIFACT_COBERTURA, "cobertura-coverage.xml", "gzip", "cobertura-coverage.xml.gz" },
    { ARTIFACT_CODEQUALITY, "gl-code-quality-report.json", "raw", "gl-code-quality-report.json" },
    { ARTIFACT_CONTAINER_SCANNING, "gl-container-scanning-report.json", "raw",
      "gl-container-scanning-report.json" },
    { ARTIFACT_COVERAGE_FUZZING, "gl-coverage-fuzzing.json", "raw", "gl-coverage-fuzzing.json" },
    { ARTIFACT_CYCLONEDX, "gl-sbom.cdx.json", "gzip", "gl-sbom.cdx.json.gz" },
    { ARTIFACT_DAST, "gl-dast-report.json", "raw", "gl-dast-report.json" },
    { ARTIFACT_DEPENDENCY_SCANNING, "gl-dependency-scanning-report.json", "raw",
      "gl-dependency-scanning-report.json" },
    { ARTIFACT_DOTENV, ".env", "gzip", ".env.gz" },
    { ARTIFACT_JACOCO, "jacoco-coverage.xml", "gzip", "jacoco-coverage.xml.gz" },
    { ARTIFACT_JUNIT, "junit.xml", "gzip", "junit.xml.gz" },
    { ARTIFACT_LICENSE_SCANNING, "gl-license-scanning-report.json", "raw",
      "gl-license-scanning-report.json" },
    { ARTIFACT_LOAD_PERFORMANCE, "load-performance.json", "raw", "load-performance.json" },
    { ARTIFACT_LSIF, "lsif.json", "zip", "lsif.json.zip" },
    { ARTIFACT_METRICS, "metrics.txt", "gzip", "metrics.txt.gz" },
    { ARTIFACT_METRICS_REFEREE, NULL, "gzip", "metrics_referee.json.gz" },
    { ARTIFACT_NETWORK_REFEREE, NULL, "gzip", "network_referee.json.gz" },
    { ARTIFACT_PERFORMANCE, "performance.json", "raw", "performance.json" },
    { ARTIFACT_REPOSITORY_XRAY, "gl-repository-xray.json", "gzip", "gl-repository-xray.json.gz" },
    { ARTIFACT_REQUIREMENTS, "requirements.json", "raw", "requirements.json" },
    { ARTIFACT_REQUIREMENTS_V2, "requirements_v2.json", "raw", "requirements_v2.json" },
    { ARTIFACT_SARIF, "gl-sarif-report.json", "raw", "gl-sarif-report.json" },
    { ARTIFACT_SAST, "gl-sast-report.json", "raw", "gl-sast-report.json" },
    { ARTIFACT_SECRET_DETECTION, "gl-secret-detection-report.json", "raw",
      "gl-secret-detection-report.json" },
    { ARTIFACT_TERRAFORM, "tfplan.json", "raw", "tfplan.json" },
};

const ArtifactForm *artifact_form_find(const char *type)
{
    int value = type ? name_value(&artifact_type_names, type) : -1;

    for (size_t i = 0; value >= 0 && i < G_N_ELEMENTS(forms); i++)
        if ((int)forms[i].type == value)
            return &forms[i];
    return NULL;
}

// To be .teamcity/settings.kts. Reference: https://www.jetbrains.com/help/teamcity/kotlin-dsl.html
import jetbrains.buildServer.configs.kotlin.*
import jetbrains.buildServer.configs.kotlin.buildFeatures.PullRequests
import jetbrains.buildServer.configs.kotlin.buildFeatures.pullRequests
import jetbrains.buildServer.configs.kotlin.buildSteps.script
import jetbrains.buildServer.configs.kotlin.triggers.vcs

version = "2025.03"

project {
    buildType(Astro)
}

object Astro : BuildType({
    name = "Astro"
    // One deploy at a time.
    maxRunningBuilds = 1
    vcs { root(DslContext.settingsRoot) }
    params {
        // Tokens are created in the project's settings and named here by their id.
        password("env.ASTRO_API_TOKEN", "credentialsJSON:YOUR-TOKEN-ID")
        password("env.GITHUB_TOKEN", "credentialsJSON:YOUR-OTHER-TOKEN-ID")
        param("env.ASTRO_DEPLOYMENT_ID", "YOUR-DEPLOYMENT")
        param("env.RELEASE", "https://github.com/OWNER/liftoff/releases/download/v1.0.0")
        // From SHA256SUMS of that release.
        param("env.SHA256", "0000000000000000000000000000000000000000000000000000000000000000")
        // Empty where the feature below does not set it; a parameter that exists nowhere keeps a build from starting.
        param("teamcity.pullRequest.number", "")
        param("env.LIFTOFF_PULL_REQUEST", "%teamcity.pullRequest.number%")
    }
    steps {
        script {
            scriptContent = """
                set -e
                tools=${'$'}(mktemp -d)
                curl -fsSL -o "${'$'}tools/liftoff" "${'$'}RELEASE/liftoff-x86_64-unknown-linux-musl"
                echo "${'$'}SHA256  ${'$'}tools/liftoff" | sha256sum --check --quiet
                chmod +x "${'$'}tools/liftoff"
                if [ "%teamcity.build.branch.is_default%" = true ]; then action=deploy; else action=plan; fi
                "${'$'}tools/liftoff" "${'$'}action"
            """.trimIndent()
        }
    }
    triggers { vcs { branchFilter = "+:*" } }
    features {
        pullRequests {
            provider = github {
                authType = token { token = "credentialsJSON:YOUR-OTHER-TOKEN-ID" }
                // Others would get the tokens above.
                filterAuthorRole = PullRequests.GitHubRoleFilter.MEMBER
            }
        }
    }
})

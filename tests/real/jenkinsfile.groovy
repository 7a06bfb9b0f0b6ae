// Evaluates a declarative Jenkinsfile with the Groovy that Jenkins uses, as far as the example needs it, and prints as JSON
// what the stages that apply would run. Whatever is not listed here is an error, so a misspelt directive is one, too.
// Arguments: the Jenkinsfile, and the build's variables as JSON.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper

class Conditions {
    Map env
    List<Boolean> met = []
    void changeRequest() { met << env.containsKey('CHANGE_ID') }
    void branch(String name) { met << (env.BRANCH_NAME == name) }
    void expression(Closure body) { met << (Inside.call(this, body) as boolean) }
    void allOf(Closure body) { met << Inside.holds(env, body) }
}

class Steps {
    Map env
    Map found = [script: [], credentials: []]
    void sh(String script) { found.script << script }
    Map string(Map binding) {
        assert binding.keySet() == ['credentialsId', 'variable'] as Set
        binding
    }
    void withCredentials(List bindings, Closure body) {
        found.credentials.addAll(bindings*.variable)
        Inside.call(this, body)
    }
}

class Stage {
    Map env
    boolean applies = true
    Map found
    void when(Closure body) { applies = Inside.holds(env, body) }
    void steps(Closure body) {
        def steps = new Steps(env: env)
        Inside.call(steps, body)
        found = steps.found
    }
}

class Stages {
    Map env
    Map found = [:]
    void stage(String name, Closure body) {
        def stage = new Stage(env: env)
        Inside.call(stage, body)
        if (stage.applies) found[name] = stage.found
    }
}

class Docker {
    String found
    void docker(Closure body) { Inside.call(this, body) }
    void image(String name) { found = name }
}

class Options { void disableConcurrentBuilds() {} }

class Environment {
    Map found = [:]
    void setProperty(String name, Object value) { found[name] = value }
}

class Pipeline {
    Map env
    Map found = [:]
    void agent(Closure body) {
        def docker = new Docker()
        Inside.call(docker, body)
        found.image = docker.found
    }
    void options(Closure body) { Inside.call(new Options(), body) }
    void environment(Closure body) {
        def environment = new Environment()
        Inside.call(environment, body)
        found.environment = environment.found
    }
    void stages(Closure body) {
        def stages = new Stages(env: env)
        Inside.call(stages, body)
        found.stages = stages.found
    }
}

class Inside {
    static Object call(Object delegate, Closure body) {
        body.delegate = delegate
        body.resolveStrategy = Closure.DELEGATE_ONLY
        body.call()
    }
    static boolean holds(Map env, Closure body) {
        def conditions = new Conditions(env: env)
        call(conditions, body)
        assert conditions.met
        conditions.met.every()
    }
}

def env = new JsonSlurper().parseText(args[1])
def found = null
def binding = new Binding(pipeline: { Closure body ->
    def pipeline = new Pipeline(env: env)
    Inside.call(pipeline, body)
    found = pipeline.found
})
new GroovyShell(binding).evaluate(new File(args[0]))
println JsonOutput.toJson(found)
